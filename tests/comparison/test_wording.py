"""The sentences say what was found, in the order in which it matters, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from baselines_made import metric
from compared_made import LATE, repeated, run_of, scene, service
from fraiseql_chaos.baselines.naming import PACE
from fraiseql_chaos.comparison import Row, compare_baselines, compare_runs
from fraiseql_chaos.comparison.wording import (
    change,
    conclusion,
    how_judged,
    interval,
    notes,
    number,
    one_liner,
    p_value,
    sensitivity,
    value_with_unit,
)

ROW = Row(
    name="m",
    group="g",
    what="it",
    unit="ms",
    better="lower",
    old=1.0,
    new=2.0,
    old_repetitions=10,
    new_repetitions=10,
    percent=12.34,
    low=-0.04,
    high=250.4,
    p=0.0001,
    outcome="unsure",
    needed=None,
    reason="",
    tolerance=5.0,
)


def test_what_got_worse_is_said_first_with_its_size() -> None:
    found = compare_baselines(service(), service(seed=2, by_id_ms=3))
    assert conclusion(found).startswith("2 of 8 metrics got worse, the most query.by_id.c1.throughput (\N{MINUS SIGN}33.8 %)")
    assert conclusion(found).endswith("; 6 of 8 metrics are shown to be within 5 %.")
    assert one_liner(found) == "2 metrics worse"


def test_nothing_worse_is_said_as_what_it_is() -> None:
    assert conclusion(compare_baselines(service(), service(seed=2))) == "Nothing was shown to be worse; 8 of 8 metrics are shown to be within 5 %."


def test_nothing_in_common_is_no_success() -> None:
    found = compare_baselines(replace(service(), metrics=()), service())
    assert conclusion(found) == "The two have nothing in common, so nothing was compared."
    assert one_liner(found) == "nothing in common to compare"


def test_single_runs_say_what_can_be_concluded_from_them(tmp_path: Path) -> None:
    found = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE))[1])
    assert notes(found)[-1] == (
        "Single repetitions can be described, not compared: their requests share one process and one minute of the machine. What can be concluded from them is "
        "which verdicts flipped; for the metrics 5 repetitions a side are needed (--chaos-repeat)."
    )
    assert one_liner(found) == "1 verdict worse"


def test_verdicts_that_are_the_same_are_counted(tmp_path: Path) -> None:
    """Of two releases that is what most readers came for."""
    found = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene())[1])
    assert conclusion(found).startswith("Nothing was shown to be worse; the verdict is the same; ")
    for tests, told in ((2, "both verdicts are the same"), (81, "all 81 verdicts are the same")):
        assert told in conclusion(replace(found, tests=tests))
    flipped = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE))[1])
    assert "verdicts are the same" not in conclusion(flipped)
    assert "80 of 81 verdicts are the same" in conclusion(replace(flipped, tests=81))


def test_a_foreign_side_is_said_before_anything_else() -> None:
    found = compare_baselines(replace(service(), machine={"id": "f" * 16}), service(), allow_foreign=True)
    assert notes(found)[0].startswith("They are of different machines.")


@pytest.mark.parametrize(("pace_ms", "told"), [(9.3, "slower"), (4.0, "faster")])
def test_a_machine_that_was_another_one_is_said_before_anything_is_believed(pace_ms: float, told: str) -> None:
    """Everything got slower, or faster, by as much, and no service did that."""
    found = compare_baselines(service(more=[metric(PACE, repeated(6.2, 5))]), service(seed=2, by_id_ms=3, more=[metric(PACE, repeated(pace_ms, 6))]))
    (said,) = notes(found)
    assert said.startswith(f"The machine itself was {told} the second time: how long a fixed computation of the collector's own takes changed by ")
    assert "may be the machine, and not the service" in said


def test_a_machine_that_was_about_the_same_is_not_spoken_of() -> None:
    found = compare_baselines(service(more=[metric(PACE, repeated(6.2, 5))]), service(seed=2, more=[metric(PACE, repeated(6.4, 6))]))
    assert notes(found) == ()


def test_the_tolerance_is_always_stated() -> None:
    found = compare_baselines(service(), service(seed=2), tolerance=12.5)
    assert "by more than 12.5 %" in how_judged(found)[0]
    assert "within 12.5 %" in conclusion(found)


def test_tolerances_of_their_own_are_stated_with_what_would_be_found() -> None:
    """Of a metric of which higher is better, what would be found is a fall."""
    noisy = [metric("noisy", repeated(10, seed, spread=0.1)) for seed in (1, 2)]
    found = compare_baselines(service(more=noisy[:1]), service(seed=2, more=noisy[1:]))
    assert re.search(r"within a tolerance of its own \(5 % to \d\d %\)", conclusion(found))
    assert "what its repetitions in the old baseline support" in how_judged(found)[1]
    assert re.search(r"of half of the metrics \+\d+\.\d % or less, of nine in ten \+\d+\.\d % or less", how_judged(found)[1])
    assert sensitivity(replace(ROW, tolerance=25.0, finds=100.0)) == "tolerates 25 %, finds +100 %"
    assert sensitivity(replace(ROW, tolerance=25.0, finds=100.0, better="higher")) == "tolerates 25 %, finds \N{MINUS SIGN}50.0 %"
    assert sensitivity(ROW) == "tolerates 5 %"


def test_numbers_are_for_people() -> None:
    assert [number(value) for value in (0, 0.01234, 1.0, 15.808, 417.2, 12345.6, 3e9, 2e-7)] == [
        "0",
        "0.0123",
        "1",
        "15.8",
        "417",
        "12346",
        "3e+09",
        "2e-07",
    ]
    assert value_with_unit(None, "ms") == "\N{EN DASH}"
    assert (change(ROW), interval(ROW), p_value(ROW)) == ("+12.3 %", "\N{MINUS SIGN}0.0 % to +250 %", "< 0.001")


@pytest.mark.parametrize(("row", "told"), [(replace(ROW, percent=None, old=0.0), "from 0"), (replace(ROW, percent=None), "\N{EN DASH}")])
def test_a_change_without_per_cent_is_none(row: Row, told: str) -> None:
    assert change(row) == told
    assert interval(replace(row, low=None, high=None)) == ""
    assert p_value(replace(row, p=None)) == ""
