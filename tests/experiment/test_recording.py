"""Judging keeps the verdict as a value and raises it for pytest: one exception for each verdict that is not green."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.recording import Inconclusive, Recording, Violated
from fraiseql_chaos.history import History
from fraiseql_chaos.measures import Measure, error_rate, time_to_detect
from fraiseql_chaos.verdicts import ChaosMetrics, Expectation, Judgement, NoCrash, NoHang, RecoversWithin
from histories import Scene, outage

HOLDS, ALSO_HOLDS, BREAKS = RecoversWithin(limit=ms(1000)), NoHang(limit=ms(500)), NoHang(limit=ms(1))


class Shelf:
    """Where judgements are kept."""

    def __init__(self) -> None:
        self.kept: list[tuple[History, tuple[Expectation, ...], Judgement]] = []

    def keep(self, history: History, asked: tuple[Expectation, ...], judgement: Judgement, measured: Mapping[str, Measure]) -> None:
        self.kept.append((history, asked, judgement))
        self.measured = dict(measured)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def unseen() -> Scene:
    """An outage that no independent witness saw."""
    return Scene().load(350).fault(2000, 4000, count=0).answers(0, 2000).errors(2000, 4000).answers(4000, 7000)


def test_held_promise_is_returned_and_kept(shelf: Shelf) -> None:
    history = outage().history()
    recording = Recording(history, shelf.keep)
    judgement = recording.require(HOLDS)
    assert judgement.verdict == "held"
    assert shelf.kept == [(history, (HOLDS,), judgement)]


def test_nothing_is_judged_before_something_is_required(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    assert (recording.verdict, shelf.kept) == (None, [])
    recording.require()
    assert recording.verdict is not None
    assert [finding.expectation for finding in shelf.kept[0][2].findings] != []


def test_broken_promise_is_raised_as_violated_and_kept(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    with pytest.raises(Violated):
        recording.require(HOLDS, BREAKS)
    assert recording.verdict is not None
    assert [judgement.verdict for _, _, judgement in shelf.kept] == ["violated"]


def test_fault_that_nobody_saw_is_raised_as_inconclusive_and_kept(shelf: Shelf) -> None:
    recording = Recording(unseen().history(), shelf.keep)
    with pytest.raises(Inconclusive):
        recording.require(HOLDS)
    assert [judgement.verdict for _, _, judgement in shelf.kept] == ["inconclusive"]


def test_neither_verdict_can_be_taken_for_the_other() -> None:
    assert not issubclass(Violated, Inconclusive)
    assert not issubclass(Inconclusive, Violated)
    assert issubclass(Violated, AssertionError)
    assert issubclass(Inconclusive, AssertionError)


def test_earlier_promises_are_judged_again_with_later_ones(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    recording.require(HOLDS)
    recording.require(ALSO_HOLDS, NoCrash())
    assert [asked for _, asked, _ in shelf.kept] == [(HOLDS,), (HOLDS, ALSO_HOLDS, NoCrash())]


def test_broken_promise_stays_broken_when_more_is_required(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    for expectation in (BREAKS, HOLDS):
        with pytest.raises(Violated):
            recording.require(expectation)


def test_message_names_the_experiment_the_findings_from_bad_to_good_and_the_replay(shelf: Shelf) -> None:
    history = outage("tests/test_a.py::test_b").history()
    with pytest.raises(Violated) as caught:
        Recording(history, shelf.keep).require(HOLDS, BREAKS)
    head, *findings, replay = str(caught.value).splitlines()
    assert head == "violated: tests/test_a.py::test_b"
    assert replay == f"  replay        {history.begin.replay}"
    assert findings[0].startswith("  violated      ")
    assert all(line.startswith("  held          ") for line in findings[1:])
    assert len(findings) == len(shelf.kept[0][2].findings) > 2


def test_metrics_are_those_of_the_history(shelf: Shelf) -> None:
    history = outage().history()
    recording = Recording(history, shelf.keep)
    assert recording.history is history
    assert recording.metrics == ChaosMetrics.of(history)


def test_what_is_measured_is_kept_with_the_verdict_also_of_a_broken_promise(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    assert recording.measure("1.1.1.m2", error_rate()).numbers["share"] == 1.0
    with pytest.raises(Violated):
        recording.require(BREAKS)
    assert shelf.measured == {"1.1.1.m2": error_rate()}


@pytest.mark.parametrize("metric", ["1.1.1a", "1.1.1", "m1", "1.1.1.m", ""])
def test_what_is_no_metric_is_refused(shelf: Shelf, metric: str) -> None:
    with pytest.raises(DeclarationError, match="is no metric of the plan"):
        Recording(outage().history(), shelf.keep).measure(metric, error_rate())


def test_a_metric_is_measured_once_and_before_the_verdict(shelf: Shelf) -> None:
    recording = Recording(outage().history(), shelf.keep)
    recording.measure("1.1.1.m1", time_to_detect())
    with pytest.raises(DeclarationError, match="was measured in this recording already"):
        recording.measure("1.1.1.m1", error_rate())
    recording.require(HOLDS)
    with pytest.raises(DeclarationError, match="measure before require"):
        recording.measure("1.1.1.m2", error_rate())
