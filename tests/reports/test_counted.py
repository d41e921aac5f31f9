"""What was asked for against what was counted: the exact interval of independent trials, and longer for those that hang together."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Evidence
from fraiseql_chaos.reports.counted import CountedRate, counted_rates


def rates(ways: JsonObject, *, asked: float = 0.05, spread: float = 1.0, at_most: bool = False) -> tuple[CountedRate, ...]:
    counted: JsonObject = {"asked": asked, "how": "never arrived", "spread": spread, "at_most": at_most, "ways": ways}
    silent = Evidence(fault="0-loss", witness="counters of both kernels", count=3, independent=True, statement="")
    return counted_rates([silent, Evidence(fault="0-loss", witness="capture", count=1, independent=True, statement="", counted=counted)])


def test_each_way_and_both_have_the_interval_that_scipy_computes() -> None:
    found = rates({"up": {"marked": 51, "of": 1000}, "down": {"marked": 12, "of": 400}})
    assert [(rate.way, rate.marked, rate.of) for rate in found] == [("up", 51, 1000), ("down", 12, 400), ("both", 63, 1400)]
    for rate in found:
        theirs = binomtest(rate.marked, rate.of).proportion_ci(confidence_level=0.99, method="exact")
        assert (rate.low, rate.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
        assert (rate.is_inside, rate.found) == (True, "inside")


def test_a_share_that_was_not_asked_for_lies_outside() -> None:
    (more,), (fewer,) = rates({"up": {"marked": 100, "of": 1000}}), rates({"up": {"marked": 10, "of": 1000}})
    assert [(rate.is_inside, rate.found) for rate in (more, fewer)] == [(False, "outside"), (False, "outside")]


def test_where_fewer_contradict_nothing_that_is_said_and_more_still_do() -> None:
    (more,), (fewer,) = (rates({"up": {"marked": marked, "of": 1000}}, at_most=True) for marked in (100, 10))
    assert (more.found, fewer.found, fewer.is_inside) == ("outside", "fewer, as may be", False)


def test_packets_that_are_lost_together_are_worth_fewer() -> None:
    """Four times the variance: as many as a quarter of them, by themselves, would say."""
    (alone,), (together,) = rates({"up": {"marked": 25, "of": 250}}), rates({"up": {"marked": 100, "of": 1000}}, spread=4)
    assert (together.low, together.high) == (alone.low, alone.high)
    assert (together.marked, together.of) == (100, 1000)


def test_of_a_way_on_which_nothing_was_sent_nothing_is_said() -> None:
    assert [(rate.way, rate.of) for rate in rates({"up": {"marked": 0, "of": 0}, "down": {"marked": 2, "of": 40}})] == [("down", 40), ("both", 40)]
    assert rates({"up": {"marked": 0, "of": 0}}) == ()


def test_more_marks_than_packets_are_all_of_them() -> None:
    """A rate of 1 and a packet that came thrice."""
    (rate,) = rates({"down": {"marked": 21, "of": 20}}, asked=1.0)
    assert (rate.marked, rate.high, rate.found) == (21, 1.0, "inside")


def test_evidence_of_before_there_were_counts_has_none() -> None:
    assert counted_rates([Evidence(fault="0-loss", witness="capture", count=1, independent=True, statement="")]) == ()
