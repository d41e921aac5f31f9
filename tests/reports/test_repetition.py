"""Which records are repetitions of one experiment, and how their verdicts are spread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compared_made import LATE, run_of, scene
from fraiseql_chaos.reports import read_run, rejudge
from fraiseql_chaos.reports.html import render_html
from fraiseql_chaos.reports.repetition import experiment_of, question_of, repetition_id, repetition_suffix, spreads
from fraiseql_chaos.reports.terminal import verdict_table


@pytest.mark.parametrize(
    ("record", "experiment"),
    [
        ("a.py::test_x[repeat-2-of-5]", "a.py::test_x"),
        ("a.py::test_x[stock-repeat-12-of-50]", "a.py::test_x[stock]"),
        ("a.py::test_x[stock-repeat-2-of-5]#2", "a.py::test_x[stock]#2"),
        ("a.py::test_x[[odd]-repeat-2-of-5]", "a.py::test_x[[odd]]"),
        ("a.py::test_x[repeat-1-of-2-repeat-2-of-5]", "a.py::test_x[repeat-1-of-2]"),
        ("latency[repeat-1-of-3]", "latency"),
    ],
)
def test_a_repetition_is_known_by_its_id(record: str, experiment: str) -> None:
    assert experiment_of(record) == experiment


@pytest.mark.parametrize(
    "record", ["a.py::test_x", "a.py::test_x[stock]", "a.py::test_x[repeat-0-of-5]", "a.py::test_repeat-2-of-5", "a.py::test_x[repeat-2-of-5-more]"]
)
def test_what_only_looks_like_one_is_none(record: str) -> None:
    assert experiment_of(record) == record


def test_an_id_is_made_and_read_alike() -> None:
    assert repetition_id("latency", 2, 3) == f"latency[{repetition_suffix(2, 3)}]"
    assert experiment_of(repetition_id("latency", 2, 3)) == "latency"
    assert repetition_id("latency", 1, 1) == "latency"


def test_verdicts_are_spread_with_wilsons_interval(tmp_path: Path) -> None:
    """The interval of 3 of 4 by hand: 30.06 % to 95.44 %."""
    _, document = run_of(tmp_path, scene(seed=1), scene(seed=2), scene(seed=3), scene(back_ms=LATE))
    (spread,) = spreads(document.experiments)
    assert (spread.repetitions, [(share.standing, share.count) for share in spread.verdicts]) == (4, [("violated", 1), ("held", 3)])
    assert (spread.verdicts[1].low, spread.verdicts[1].high) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert str(spread) == "4 repetitions: violated 1 (4.5 % to 69.9 %), held 3 (30 % to 95.4 %)"


def test_the_table_and_the_page_show_it(tmp_path: Path) -> None:
    _, document = run_of(tmp_path, scene(), scene(back_ms=LATE))
    assert "repeated      test_pool.py::test_pool  2 repetitions: violated 1 (" in verdict_table(document)
    assert "2 repetitions: violated 1 (" in render_html(document, {})


def test_numbers_are_spread_over_the_repetitions_that_could_tell(tmp_path: Path) -> None:
    """Method: answers took 4, 8 and 6 ms, and 400 in a repetition in which nobody saw the fault; the service came back after 100 ms, and once never."""
    never = scene(took_ms=6, back_ms=3000)
    _, document = run_of(tmp_path, scene(took_ms=4), scene(took_ms=8), never, scene(took_ms=400, seen=False))
    (spread,) = document.repeated
    found = {number.name: number for number in spread.numbers}
    before = found["latency_p50_before"]
    assert (before.told, before.count, before.unit) == (3, 3, "ms")
    assert (before.least, before.median, before.greatest) == pytest.approx((4, 6, 8), rel=0.05)
    assert before.cv == pytest.approx(1 / 3, rel=0.05)
    recovery = found["recovery"]
    assert (recovery.count, recovery.told) == (2, 3)
    assert recovery.median == pytest.approx(100, abs=25)


def test_the_spread_is_stored_and_comes_out_the_same_when_it_is_judged_again(tmp_path: Path) -> None:
    folder, document = run_of(tmp_path, scene(seed=1), scene(back_ms=LATE))
    stored = json.loads((folder.path / "run.json").read_text(encoding="utf-8"))["repeated"]
    assert [(share["standing"], share["count"]) for share in stored[0]["verdicts"]] == [("violated", 1), ("held", 1)]
    assert {"name", "median", "least", "greatest", "cv"} <= stored[0]["numbers"][0].keys()
    assert read_run(folder.path).repeated == document.repeated == rejudge(folder).repeated


def test_the_page_says_how_many_have_a_number_that_not_all_have(tmp_path: Path) -> None:
    _, document = run_of(tmp_path, scene(), scene(back_ms=3000))
    page = render_html(document, {})
    assert "until all succeeded again (1 of 2 have it)" in page
    assert "latency p50 before the fault</th>" in page


def test_what_ran_once_has_no_spread(tmp_path: Path) -> None:
    folder, document = run_of(tmp_path, scene())
    assert spreads(document.experiments) == document.repeated == ()
    assert '"repeated"' not in (folder.path / "run.json").read_text(encoding="utf-8")
    assert "repeated" not in verdict_table(document)
    assert 'id="repeated"' not in render_html(document, {})


def test_the_question_is_the_same_only_if_faults_and_promises_are(tmp_path: Path) -> None:
    (one,) = run_of(tmp_path, scene())[1].experiments
    (slow,) = run_of(tmp_path, scene(took_ms=50, seed=9))[1].experiments
    (other,) = run_of(tmp_path, scene().fault(2500, 3000, kind="latency"))[1].experiments
    assert question_of(one) == question_of(slow)
    assert question_of(one) != question_of(other)
