"""Two runs: verdicts that flipped, and metrics of what was repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compared_made import KNOWN, LATE, TEST, add, run_of, scene
from fraiseql_chaos.comparison import Comparison, compare_runs
from fraiseql_chaos.reports import RunFolder
from fraiseql_chaos.verdicts import availability
from histories import Scene

HELD, VIOLATED, UNSEEN = scene, lambda: scene(back_ms=LATE), lambda: scene(seen=False)


def compared(tmp_path: Path, old: list[Scene], new: list[Scene]) -> Comparison:
    """Compare two runs of one experiment."""
    return compare_runs(run_of(tmp_path, *old)[1], run_of(tmp_path, *new, seed=2)[1])


@pytest.mark.parametrize(
    ("old", "new", "told", "direction"),
    [
        ([scene()], [scene(back_ms=LATE)], ("held", "violated"), "worse"),
        ([scene(back_ms=LATE)], [scene()], ("violated", "held"), "better"),
        ([scene()], [scene(seen=False)], ("held", "inconclusive"), "unclear"),
        ([scene(seen=False)], [scene(back_ms=LATE)], ("inconclusive", "violated"), "unclear"),
        ([scene(back_ms=LATE)], [scene(seen=False)], ("violated", "inconclusive"), "unclear"),
        ([scene(), scene()], [scene(), scene(back_ms=LATE)], ("held", "violated 1 of 2, held 1 of 2"), "worse"),
    ],
    ids=["broken", "mended", "not seen any more", "seen at last", "hidden", "sometimes broken"],
)
def test_a_flip_is_told_with_its_direction(tmp_path: Path, old: list[Scene], new: list[Scene], told: tuple[str, str], direction: str) -> None:
    """Only what was fine and is violated now is a regression; where one side could not tell, nothing is known of the service."""
    found = compared(tmp_path, old, new)
    (flip,) = found.flips
    assert (flip.old, flip.new, flip.direction) == (*told, direction)
    assert flip.same_question
    assert found.regressed is (direction == "worse")


def test_the_same_verdict_is_no_flip(tmp_path: Path) -> None:
    assert compared(tmp_path, [scene(back_ms=LATE)], [scene(back_ms=LATE)]).flips == ()


def test_a_weakness_that_is_gone_is_better_and_one_that_is_met_is_worse(tmp_path: Path) -> None:
    weak, held = run_of(tmp_path, scene(back_ms=LATE), weakness=KNOWN)[1], run_of(tmp_path, scene(), weakness=KNOWN)[1]
    assert [(flip.old, flip.new, flip.direction) for flip in compare_runs(weak, held).flips] == [("weakness", "held", "better")]
    assert [(flip.old, flip.new, flip.direction) for flip in compare_runs(held, weak).flips] == [("held", "weakness", "worse")]


def test_a_weakness_that_is_a_violation_now_is_worse(tmp_path: Path) -> None:
    """The register does not excuse it any more."""
    weak, violated = run_of(tmp_path, scene(back_ms=LATE), weakness=KNOWN)[1], run_of(tmp_path, scene(back_ms=LATE))[1]
    assert [flip.direction for flip in compare_runs(weak, violated).flips] == ["worse"]


def test_flips_come_with_the_worst_first(tmp_path: Path) -> None:
    documents = []
    for first, second, third in ((scene(back_ms=LATE), scene(), scene()), (scene(), scene(seen=False), scene(back_ms=LATE))):
        folder = RunFolder.create(tmp_path, seed=1, replay="pytest")
        for name, made in (("a", first), ("b", second), ("c", third)):
            add(folder, made, name)
        documents.append(folder.collect())
    assert [(flip.experiment, flip.direction) for flip in compare_runs(*documents).flips] == [("c", "worse"), ("b", "unclear"), ("a", "better")]


def test_single_runs_are_described_and_never_tested(tmp_path: Path) -> None:
    """A service that is ten times slower in one run: that is said, and that nothing can be concluded, with the number needed."""
    found = compared(tmp_path, [scene()], [scene(took_ms=40)])
    assert {row.outcome for row in found.rows} == {"unsure"}
    assert {row.p for row in found.rows} == {None}
    (row,) = [row for row in found.rows if row.name == f"{TEST} latency_p50_before"]
    assert row.percent == pytest.approx(900, rel=0.1)
    assert row.needed == 6
    assert not found.regressed


def test_repetitions_are_the_samples(tmp_path: Path) -> None:
    """Method: six repetitions a side, the new ones twice as slow in health; every one has its own dice."""
    old = [scene(seed=n) for n in range(1, 7)]
    new = [scene(seed=n, took_ms=8) for n in range(11, 17)]
    found = compared(tmp_path, old, new)
    worse = {row.name.removeprefix(f"{TEST} "): row for row in found.having("worse")}
    assert "latency_p50_before" in worse
    assert worse["latency_p50_before"].percent == pytest.approx(100, abs=10)
    assert worse["latency_p50_before"].old_repetitions == 6
    assert "availability_before" not in worse


def test_a_repetition_that_could_not_tell_gives_no_numbers(tmp_path: Path) -> None:
    found = compared(tmp_path, [scene(seed=1), scene(seed=2), scene(seed=3, seen=False)], [scene(seed=4), scene(seed=5)])
    assert {(row.old_repetitions, row.new_repetitions) for row in found.rows} == {(2, 2)}


def test_a_time_that_is_missing_is_not_averaged_away(tmp_path: Path) -> None:
    """A service that mostly does not come back must not look quick because it once did."""
    never = Scene(experiment=TEST).load(350).fault(2000, 4000).answers(0, 2000).errors(2000, 7000)
    found = compared(tmp_path, [scene(seed=1), scene(seed=2)], [scene(seed=3), never])
    (row,) = [row for row in found.rows if row.name == f"{TEST} recovery"]
    assert row.outcome == "unsure"
    assert row.reason == "there is no such time in 1 of 2 repetitions now, so those that have one are no fair sample"


def test_a_test_that_asks_something_else_is_not_blamed_on_the_service(tmp_path: Path) -> None:
    old, new = (RunFolder.create(tmp_path, seed=1, replay="pytest") for _ in range(2))
    add(old, scene(), TEST, promises=(availability(at_least=0.1),))
    add(new, scene(), TEST, promises=(availability(at_least=0.999),))
    found = compare_runs(old.collect(), new.collect())
    (flip,) = found.flips
    assert not flip.same_question
    assert found.differs == ("configuration: 1 test does other faults or makes other promises than before",)


def test_machines_and_targets_that_differ_are_said(tmp_path: Path) -> None:
    document = run_of(tmp_path, scene())[1]
    other = replace(document, machine={"id": "feedfacefeedface"}, target={**document.target, "fraiseql": "1.8.9"})
    found = compare_runs(other, document)
    assert found.foreign
    assert found.differs[0].startswith("machine feedfacefeedface, not ")
    assert "target fraiseql 1.8.9, not 1.9.16" in found.differs


def test_tests_that_only_one_run_has_are_listed(tmp_path: Path) -> None:
    found = compare_runs(run_of(tmp_path, scene(), experiment="a")[1], run_of(tmp_path, scene(), experiment="b")[1])
    assert (found.only_old, found.only_new, found.rows, found.flips) == (("a",), ("b",), (), ())
    assert not found.regressed


def test_places_are_those_of_the_runs_own_page(tmp_path: Path) -> None:
    """Its page numbers the tests as it shows them, the worst first."""
    folder = RunFolder.create(tmp_path, seed=1, replay="pytest")
    add(folder, scene(), "a")
    add(folder, scene(back_ms=LATE), "b")
    (flip,) = compare_runs(folder.collect(), run_of(tmp_path, scene(), experiment="b")[1]).flips
    assert (flip.old_place, flip.new_place) == (1, 1)
