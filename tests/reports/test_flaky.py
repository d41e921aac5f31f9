"""What did not always give the same verdict over stored runs, and only that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compared_made import KNOWN, LATE, TEST, run_of, scene
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.reports import Attempt, ExperimentRecord, RunDocument
from fraiseql_chaos.reports.flaky import flaky, flaky_table, stored_runs


def changed(document: RunDocument, **how: object) -> RunDocument:
    """Return a run whose only record is another one in some fields."""
    (record,) = document.experiments
    made: ExperimentRecord = replace(record, **how)  # type: ignore[arg-type]  # a test's own words
    return replace(document, experiments=(made,))


def two(tmp_path: Path) -> tuple[RunDocument, RunDocument]:
    """Return a run that held and one that was violated, with other seeds."""
    held, violated = run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE, seed=2), seed=2)[1]
    return changed(held, replay="pytest a::b --chaos-seed=1"), changed(violated, replay="pytest a::b --chaos-seed=2 --chaos-repeat=3")


def test_two_verdicts_of_one_experiment_are_listed_with_a_line_that_replays_each(tmp_path: Path) -> None:
    held, violated = two(tmp_path)
    (found,) = flaky([("first", held), ("second", violated), ("third", held)])
    assert (found.experiment, found.tries, found.runs) == (TEST, 3, 3)
    assert [(seen.standing, seen.count, seen.run, seen.replay) for seen in found.seen] == [
        ("violated", 1, "second", "pytest a::b --chaos-seed=2 --chaos-repeat=3"),
        ("held", 2, "third", "pytest a::b --chaos-seed=1"),
    ]


def test_the_same_verdict_every_time_is_not_listed(tmp_path: Path) -> None:
    held, _ = two(tmp_path)
    assert flaky([("first", held), ("second", held)]) == ()


@pytest.mark.parametrize("field", ["target", "machine", "expectations", "faults"])
def test_other_circumstances_are_another_experiment(tmp_path: Path, field: str) -> None:
    """A test that held on one release and not on the next is no flake."""
    held, violated = two(tmp_path)
    other = {"target": {"fraiseql": "1.8.9"}, "machine": {"id": "f" * 16}, "expectations": (), "faults": ()}[field]
    assert flaky([("first", held), ("second", changed(violated, **{field: other}))]) == ()


@pytest.mark.parametrize(
    ("words", "is_same"),
    [
        ("--chaos-seed 9 --chaos-report=r.html", True),
        ("--chaos-store=elsewhere --chaos-json=j", True),
        ("--chaos-duration=120", False),
        ("--chaos-edge=packets", False),
        ("--rate 500", False),
    ],
)
def test_options_that_decide_what_is_run_count_and_others_do_not(tmp_path: Path, words: str, is_same: bool) -> None:  # noqa: FBT001  a row of a table
    held, violated = two(tmp_path)
    found = flaky([("first", held), ("second", changed(violated, replay=f"pytest a::b {words}"))])
    assert bool(found) is is_same


def test_repetitions_within_one_run_count(tmp_path: Path) -> None:
    _, document = run_of(tmp_path, scene(seed=1), scene(seed=2), scene(back_ms=LATE))
    (found,) = flaky([("only", document)])
    assert (found.tries, found.runs, [seen.count for seen in found.seen]) == (3, 1, [1, 2])


def test_attempts_that_could_not_tell_count(tmp_path: Path) -> None:
    """A test that needs three attempts is one that somebody has to look at."""
    held, _ = two(tmp_path)
    (record,) = held.experiments
    earlier = Attempt(history="histories/x.jsonl", verdict="inconclusive", reasons=("nothing was seen",))
    (found,) = flaky([("only", changed(held, attempts=(earlier, earlier, *record.attempts)))])
    assert [(seen.standing, seen.count) for seen in found.seen] == [("inconclusive", 2), ("held", 1)]


def test_a_weakness_that_is_not_always_met_is_flaky(tmp_path: Path) -> None:
    met, not_met = (run_of(tmp_path, scene(back_ms=late), weakness=KNOWN)[1] for late in (LATE, 100))
    (found,) = flaky([("first", met), ("second", not_met)])
    assert [seen.standing for seen in found.seen] == ["weakness", "held"]


def test_the_list_shows_counts_intervals_and_replays(tmp_path: Path) -> None:
    held, violated = two(tmp_path)
    lines = "\n".join(flaky_table(flaky([("first", held), ("second", violated)])))
    assert f"{TEST}  (" in lines
    assert "tried 2 times in 2 runs" in lines
    assert "violated         1  9.4 % to 90.5 %" in lines
    assert "pytest a::b --chaos-seed=1" in lines


def test_a_store_is_read_whole_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    """One bad file among hundreds must not hide the others, and must not be hidden by them. ``latest`` is no run of its own."""
    good, _ = run_of(tmp_path, scene())
    bad, _ = run_of(tmp_path, scene(), seed=2)
    (bad.path / "run.json").write_text("{", encoding="utf-8")
    runs, unread = stored_runs(tmp_path)
    assert [name for name, _ in runs] == [good.path.name]
    assert len(unread) == 1
    assert str(bad.path / "run.json") in unread[0]


def test_a_store_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="is no directory, so no runs are stored there; nothing was counted"):
        stored_runs(tmp_path / "nowhere")
