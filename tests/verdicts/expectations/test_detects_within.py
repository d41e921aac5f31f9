"""Noticing: three answers."""

from __future__ import annotations

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.verdicts import detects_within
from histories import Scene, outage


def test_it_holds_when_an_error_came_in_time() -> None:
    finding = detects_within(ms(100)).judge(outage().history())

    assert finding.verdict == "held"
    assert finding.statement.endswith("by an error to a request")
    assert finding.numbers["by_readiness_ms"] == 502.0


def test_it_holds_when_readiness_said_so_first() -> None:
    finding = detects_within(ms(100)).judge(Scene().fault(2000, 4000).answers(0, 2000).hangs(2000, 4000).ready(2010, ok=False).history())

    assert finding.verdict == "held"
    assert finding.statement == "noticed after 12 ms, by /ready saying no"
    assert finding.numbers["by_requests_ms"] is None


def test_it_is_violated_when_it_was_noticed_late() -> None:
    assert detects_within(ms(1)).judge(outage().history()).verdict == "violated"


def test_it_is_violated_when_requests_hung_and_nobody_ever_said_anything() -> None:
    finding = detects_within(seconds(1)).judge(Scene().fault(2000, 4000).answers(0, 2000).hangs(2000, 4000).history())

    assert finding.verdict == "violated"
    assert finding.statement.startswith("never noticed: none of 100 requests")


def test_it_cannot_tell_without_an_armed_fault_without_requests_or_with_errors_before() -> None:
    unarmed = Scene().fault(None, None).answers(0, 2000)
    idle = Scene().fault(2000, 4000).answers(0, 1900)
    noisy = Scene().fault(2000, 4000).errors(0, 100).answers(100, 2000).errors(2000, 4000)

    assert {detects_within(seconds(1)).judge(scene.history()).verdict for scene in (unarmed, idle, noisy)} == {"inconclusive"}


def test_an_error_after_the_heal_is_no_detection() -> None:
    """The request hung all through the fault, and failed when the database was back."""
    scene = Scene().fault(2000, 4000).answers(0, 2000).request(2500, 1600, outcome="fail", cause="graphql_error").ready(4010, ok=False)
    finding = detects_within(seconds(3)).judge(scene.answers(4000, 5000).history())

    assert finding.verdict == "violated"
    assert finding.statement == (
        "never noticed: none of 1 requests touched by the fault ended in an error before it was healed, and nobody looked at /ready"
    )
    assert finding.numbers["detected_ms"] is None


def test_an_error_under_a_later_fault_is_no_detection_of_the_earliest() -> None:
    scene = Scene().fault(2000, 3000).fault(4000, 5000).answers(0, 2000).hangs(2000, 3000).answers(3000, 4000).errors(4000, 5000)

    assert detects_within(seconds(3)).judge(scene.history()).verdict == "violated"
