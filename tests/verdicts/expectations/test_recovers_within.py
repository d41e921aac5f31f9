"""Recovery: three answers."""

from __future__ import annotations

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.verdicts import recovers, recovers_within
from histories import Scene, outage


def test_it_holds_when_all_succeed_again_in_time_and_to_the_end() -> None:
    finding = recovers(within=ms(100)).judge(outage().history())

    assert finding.verdict == "held"
    assert finding.numbers["successes_after"] == 150
    assert finding.numbers["settled_ms"] == 0


def test_it_is_violated_when_a_request_after_the_limit_still_fails() -> None:
    finding = recovers_within(seconds(1)).judge(outage().request(5500, outcome="fail", cause="graphql_error").history())

    assert finding.verdict == "violated"
    assert finding.statement == "a request planned 1.5 s after the fault's end still failed"


def test_it_is_violated_when_the_first_answer_comes_late_although_nothing_fails() -> None:
    scene = Scene().fault(1000, 2000).answers(0, 1000).hangs(1000, 2000)
    for index in range(20):
        scene.request(2000 + index * 20, 3000 - index * 20)

    assert recovers_within(seconds(1)).judge(scene.history()).verdict == "violated"


def test_it_cannot_tell_when_the_load_ended_too_early() -> None:
    stopped = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000)
    nearly = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000).answers(4000, 4180)
    findings = [recovers_within(seconds(1)).judge(scene.history()) for scene in (stopped, nearly)]

    assert [finding.verdict for finding in findings] == ["inconclusive", "inconclusive"]
    assert findings[1].statement == "the load ended too early: 9 successes followed, and it ran for 160 ms after the fault's end"


def test_ten_successes_or_half_a_second_of_them_are_enough() -> None:
    broken = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000)
    sparse = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000).request(4000).request(4500)

    assert recovers_within(seconds(1)).judge(broken.answers(4000, 4200).history()).verdict == "held"
    assert recovers_within(seconds(1)).judge(sparse.history()).verdict == "held"


def test_it_cannot_tell_when_the_fault_never_healed() -> None:
    assert recovers_within(seconds(1)).judge(Scene().fault(1000, None).answers(0, 3000).history()).verdict == "inconclusive"


def test_it_is_violated_when_requests_after_the_limit_wait_until_just_before_the_end() -> None:
    """Each twentieth is answered at once, the others hang, and are answered when the load is over."""
    scene = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000)
    for index in range(200):
        at_ms = 4000 + index * 20
        scene.request(at_ms, 5.0 if index % 20 == 0 else 8900 - at_ms)
    finding = recovers_within(seconds(1)).judge(scene.history())

    assert finding.verdict == "violated"
    assert finding.statement == "request 201, planned 20 ms after the fault's end, was answered only after 4.88 s, and 185 in all waited too long"
    assert finding.numbers["slowest_after_ms"] == 4880.0


def test_whoever_came_while_the_service_was_coming_back_may_wait_longer_than_the_limit() -> None:
    def with_one(at_ms: float, took_ms: float) -> str:
        scene = Scene().fault(2000, 4000).answers(0, 2000).errors(2000, 4000).answers(4000, 7000)
        return recovers_within(seconds(1)).judge(scene.request(at_ms, took_ms).history()).verdict

    assert with_one(4100, 1900) == "held"
    assert with_one(4100, 1901) == "violated"
    assert with_one(5001, 1000) == "held"
    assert with_one(5001, 1001) == "violated"
