"""Health before the first fault: it holds, or it cannot tell; it never violates."""

from __future__ import annotations

import pytest

from fraiseql_chaos.verdicts.expectations.steady_state import steady_state
from histories import Scene, outage


def test_it_holds_when_requests_before_the_first_fault_were_answered_rightly() -> None:
    finding = steady_state().judge(outage().history())

    assert finding.verdict == "held"
    assert finding.statement == "100 of 100 requests that ended before the first fault were answered rightly"
    assert finding.numbers == {"planned": 100, "ended": 100, "right": 100, "right_ratio": 1.0}


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (Scene().fault(2000, 4000).errors(0, 2000), "only 0 of 100 requests that ended before the first fault were answered rightly"),
        (Scene().fault(2000, 4000).answers(0, 1780).errors(1780, 2000), "only 89 of 100 requests"),
        (Scene().fault(100, 4000).answers(0, 80), "only 4 requests ended before the first fault, and 5 are needed to speak of health"),
        (Scene().fault(2000, 4000).hangs(0, 2000), "only 0 requests ended before the first fault"),
        (Scene().fault(2000, 4000).answers(0, 900).hangs(900, 2000), "55 of 100 requests were still open when the first fault struck"),
        (Scene().fault(None, None).errors(0, 2000), "only 0 of 100 requests that ended"),
    ],
    ids=["never worked", "one too many failed", "too few", "all hung", "most hung", "never armed"],
)
def test_it_cannot_tell_and_never_violates_without_health_before_the_fault(scene: Scene, reason: str) -> None:
    finding = steady_state().judge(scene.history())

    assert finding.verdict == "inconclusive"
    assert finding.statement.startswith(reason)


def test_one_in_ten_may_fail_and_five_are_enough() -> None:
    assert steady_state().judge(Scene().fault(2000, 4000).answers(0, 1800).errors(1800, 2000).history()).verdict == "held"
    assert steady_state().judge(Scene().fault(100, 4000).answers(0, 100).history()).verdict == "held"


def test_requests_in_the_hands_of_the_fault_do_not_count() -> None:
    assert steady_state().judge(Scene().fault(1000, 2000).answers(0, 940).hangs(940, 2000).history()).verdict == "held"


def test_it_is_the_earliest_fault_that_counts() -> None:
    assert steady_state().judge(Scene().fault(2000, 3000).fault(0, 1000).answers(0, 3000).history()).numbers["planned"] == 0


@pytest.mark.parametrize("armed_ms", [-150, 0])
def test_a_fault_that_was_there_before_the_first_request_rests_on_what_the_rig_proved(armed_ms: float) -> None:
    finding = steady_state().judge(Scene().fault(armed_ms, 2000).errors(0, 2000).history())

    assert finding.verdict == "held"
    assert finding.statement == "no request was planned before the first fault; that the service worked was proven before the load"
