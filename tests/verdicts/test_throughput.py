"""What came out, by the instant it came."""

from __future__ import annotations

from fraiseql_chaos.verdicts.throughput import throughput
from histories import Scene, outage


def test_answers_are_counted_when_they_are_complete_and_only_right_ones() -> None:
    seen = throughput(outage().history())

    assert seen is not None
    assert (seen.before.planned, seen.before.answers, seen.before.per_s) == (100, 100, 50.0)
    assert (seen.during.planned, seen.during.answers, seen.ratio) == (100, 0, 0.0)


def test_faults_that_overlap_are_one_time() -> None:
    scene = Scene().fault(1000, 2500).fault(2000, 3000, kind="latency").fault(3500, 4000).answers(0, 5000)
    seen = throughput(scene.history())

    assert seen is not None
    assert seen.during.length_ns == 2_500_000_000
    assert seen.during.planned == 125


def test_nobody_asked_behind_the_end_of_the_load() -> None:
    seen = throughput(Scene().fault(1000, 9000).answers(0, 2020).history())

    assert seen is not None
    assert seen.during.length_ns == 1_000_000_000


def test_there_is_nothing_to_measure_without_a_fault_under_load() -> None:
    assert throughput(Scene().answers(0, 1000).history()) is None
    assert throughput(Scene().fault(5000, 6000).answers(0, 1000).history()) is None


def test_a_fault_from_the_first_on_leaves_nothing_to_compare_with() -> None:
    seen = throughput(Scene().fault(-100, 1000).answers(0, 2000).history())

    assert seen is not None
    assert (seen.before.length_ns, seen.before.per_s, seen.ratio) == (0, 0.0, None)
