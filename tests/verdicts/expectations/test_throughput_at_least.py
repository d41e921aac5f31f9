"""Enough comes out while something is broken: three answers."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.core import per_second
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import throughput_at_least
from fraiseql_chaos.verdicts.expectations.throughput_at_least import ThroughputAtLeast
from histories import Scene, outage


def partial(failing: int) -> Scene:
    """A fault from 2 to 4 s, in which so many of 100 requests fail."""
    scene = Scene().load(300).fault(2000, 4000).answers(0, 2000)
    return scene.errors(2000, 2000 + failing * 20).answers(2000 + failing * 20, 6000)


def test_it_holds_when_enough_comes_out() -> None:
    finding = throughput_at_least(0.8).judge(partial(15).history())

    assert finding.verdict == "held"
    assert finding.statement == "42.5 right answers a second came during the fault, and 50 before it: 85 %"


def test_it_is_violated_when_too_little_does() -> None:
    assert throughput_at_least(0.8).judge(partial(25).history()).verdict == "violated"
    assert throughput_at_least(0.01).judge(outage().history()).verdict == "violated"


def test_a_rate_is_a_promise_of_its_own() -> None:
    assert throughput_at_least(per_second(40)).judge(partial(15).history()).verdict == "held"
    assert throughput_at_least(per_second(45)).judge(partial(15).history()).verdict == "violated"


def test_what_is_answered_after_the_fault_does_not_count() -> None:
    """Every request is answered in the end, the first half of them only when it is over."""
    late = Scene().load(300).fault(2000, 4000).answers(0, 2000).answers(2000, 3000, took_ms=5000).answers(3000, 6000)

    assert throughput_at_least(0.8).judge(late.history()).verdict == "violated"


def test_a_load_that_asks_for_less_cannot_test_a_rate() -> None:
    finding = throughput_at_least(per_second(60)).judge(partial(0).history())

    assert finding.verdict == "inconclusive"
    assert "only 50 a second were asked for" in finding.statement


def test_it_cannot_tell_from_too_few_requests_and_says_how_many_are_needed() -> None:
    short = Scene().fault(1000, 1100).answers(0, 3000).history()

    assert throughput_at_least(0.8).judge(short).statement == "only 5 requests were planned during the fault; 20 are needed to speak of throughput"
    assert throughput_at_least(0.8).judge(Scene().fault(100, 2000).answers(0, 3000).history()).verdict == "inconclusive"


def test_it_cannot_tell_without_a_fault_or_without_health() -> None:
    sick = Scene().fault(2000, 4000).errors(0, 6000)

    assert throughput_at_least(0.8).judge(Scene().answers(0, 2000).history()).verdict == "inconclusive"
    assert throughput_at_least(0.8).judge(sick.history()).verdict == "inconclusive"


@pytest.mark.parametrize("least", [0, 1.01, True, "0.8", float("nan"), None])
def test_what_is_neither_a_share_nor_a_rate_is_refused(least: Any) -> None:
    with pytest.raises(DeclarationError, match="throughput_at_least"):
        throughput_at_least(least)


def test_a_share_and_a_rate_at_once_are_refused() -> None:
    with pytest.raises(DeclarationError, match="takes a share of what came before, as"):
        ThroughputAtLeast(share=0.8, per_s=40)
    with pytest.raises(DeclarationError, match="no rate above 0"):
        ThroughputAtLeast(share=None, per_s=float("inf"))
