"""From findings to one verdict: facts first, then preconditions, then the worst."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar, Never

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts import (
    Expectation,
    availability,
    correct_results,
    detects_within,
    fault_observed,
    instrument,
    judge_all,
    no_crash,
    recovers,
    to_json,
)
from fraiseql_chaos.verdicts.expectations.steady_state import steady_state
from histories import Scene, outage

ASKED: list[Expectation] = [availability(during="outside"), detects_within(ms(500)), recovers(within=seconds(1))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An expectation whose judge has a bug."""

    kind: ClassVar[str] = "broken"

    def judge(self, history: History) -> Never:
        raise ZeroDivisionError(f"{len(history.events)} events")


def test_a_service_that_does_all_that_is_expected_holds_without_reasons() -> None:
    judgement = judge_all(outage().history(), ASKED)

    assert (judgement.verdict, judgement.reasons) == ("held", ())


def test_every_experiment_is_asked_about_instrument_faults_answers_and_crashes() -> None:
    kinds = [f.expectation.kind for f in judge_all(outage().history(), [availability()]).findings]

    assert kinds == ["instrument", "fault_observed", "steady_state", "correct_results", "no_crash", "availability"]


def test_what_was_asked_already_is_not_asked_twice_but_one_fault_does_not_stand_for_all() -> None:
    own: list[Expectation] = [instrument(lag_at_most=ms(100)), fault_observed("refuse"), steady_state(), correct_results(), no_crash()]
    one, two = outage(), outage().fault(5000, 6000, kind="latency")

    assert [f.expectation for f in judge_all(one.history(), own).findings] == own
    assert [f.expectation for f in judge_all(two.history(), own).findings] == [fault_observed(), *own]


def test_a_fault_that_the_service_never_met_makes_everything_inconclusive() -> None:
    """The kernel refused us; the service, which used no database, went on answering."""
    judgement = judge_all(Scene().fault(2000, 4000, reach=0).answers(0, 7000).history(), [availability(), recovers(within=seconds(1))])

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons[0].startswith("fault_observed: 0-refuse happened, but no independent witness saw the service under it")


def test_a_service_that_never_worked_is_not_green_and_what_it_violates_is_not_about_the_fault() -> None:
    history = Scene().fault(2000, 4000).errors(0, 7000).history()

    assert judge_all(history, []).verdict == "inconclusive"
    assert judge_all(history, [availability()]).reasons[0] == (
        "steady_state: only 0 of 100 requests that ended before the first fault were answered rightly"
    )


def test_a_run_without_faults_needs_no_evidence_of_any() -> None:
    judgement = judge_all(Scene().answers(0, 3000).history(), [availability()])

    assert judgement.verdict == "held"
    assert [f.expectation.kind for f in judgement.findings] == ["instrument", "correct_results", "no_crash", "availability"]


def test_an_unsound_instrument_makes_a_violation_inconclusive() -> None:
    judgement = judge_all(outage().stall(3000, 900).history(), [availability()])

    assert {f.expectation.kind: f.verdict for f in judgement.findings}["availability"] == "violated"
    assert judgement.verdict == "inconclusive"
    assert judgement.reasons[0] == "instrument: the load generator stood still for 900 ms"


def test_a_fault_without_evidence_makes_a_violation_inconclusive() -> None:
    judgement = judge_all(Scene().fault(2000, 4000, count=0).answers(0, 2000).errors(2000, 4000).answers(4000, 6000).history(), [availability()])

    assert judgement.verdict == "inconclusive"
    assert judgement.reasons[0].startswith("fault_observed: 0-refuse was armed, but no independent witness saw it")


def test_the_negative_control_is_never_green() -> None:
    judgement = judge_all(outage(disarmed=True).fault(None, None).history(), [])

    assert judgement.verdict == "inconclusive"
    assert "switched off on purpose" in judgement.reasons[0]


def test_a_wrong_answer_and_a_dead_process_stand_on_their_own() -> None:
    unsound = outage().stall(3000, 900)
    wrong = unsound.request(100, outcome="fail", cause="wrong_answer", detail="title is None").history()
    crashed = outage().stall(3000, 900).exit(3000).history()

    assert [judge_all(history, []).verdict for history in (wrong, crashed)] == ["violated", "violated"]
    assert judge_all(wrong, []).reasons[0].startswith("correct_results: 1 of 251 answers were wrong")


def test_a_judge_that_crashes_is_inconclusive_and_does_not_silence_the_others() -> None:
    judgement = judge_all(outage().history(), [Broken(), availability()])

    assert judgement.verdict == "violated"
    assert [f.verdict for f in judgement.findings[-2:]] == ["inconclusive", "violated"]
    assert "ZeroDivisionError: 361 events" in judgement.findings[-2].statement


def test_the_same_history_gets_the_same_judgement_to_the_byte() -> None:
    texts = {json.dumps([to_json(f) for f in judge_all(outage().history(), ASKED).findings]) for _ in range(3)}

    assert len(texts) == 1
