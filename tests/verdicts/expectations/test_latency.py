"""Latency: three answers, and what requests that were given up may prove."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import latency
from histories import Scene, outage


def test_it_holds_when_the_percentile_is_within_the_limit() -> None:
    finding = latency(95, at_most=ms(8), during="outside").judge(outage().history())

    assert finding.verdict == "held"
    assert finding.numbers["answered"] == 250
    assert finding.numbers["interval_low_ms"] < finding.numbers["percentile_ms"] < finding.numbers["interval_high_ms"]  # type: ignore[operator]


def test_it_is_violated_when_it_is_not() -> None:
    finding = latency(50, at_most=ms(2)).judge(Scene().answers(0, 2000).history())

    assert finding.verdict == "violated"
    assert finding.statement.startswith("p50 of the whole run was ")


def test_it_cannot_tell_from_too_few_or_from_none() -> None:
    few, none = latency(99, at_most=ms(50)).judge(Scene().answers(0, 1000).history()), latency(99, at_most=ms(50)).judge(Scene().history())

    assert (few.verdict, none.verdict) == ("inconclusive", "inconclusive")
    assert "100 are needed" in few.statement
    assert none.numbers["percentile_ms"] is None


def test_a_request_given_up_after_the_limit_counts_as_later_than_it() -> None:
    scene = Scene().answers(0, 2000).hangs(2000, 2200, took_ms=5000)

    assert latency(95, at_most=ms(1000)).judge(scene.history()).verdict == "violated"


def test_a_request_given_up_before_the_limit_never_supports_it() -> None:
    finding = latency(95, at_most=ms(1000)).judge(Scene().answers(0, 2000).hangs(2000, 2200, took_ms=500).history())

    assert finding.verdict == "inconclusive"
    assert "10 were given up before the limit" in finding.statement


def test_errors_are_no_answers_and_have_no_latency() -> None:
    finding = latency(95, at_most=ms(50)).judge(Scene().answers(0, 2000).errors(2000, 4000, took_ms=900).history())

    assert finding.verdict == "held"
    assert finding.numbers["errors_left_out"] == 100


def test_a_queue_in_front_of_the_service_shows_only_from_the_plan() -> None:
    scene = Scene()
    for index in range(50):
        scene.request(index * 20, 104, lag_ms=100)
    history = scene.history()

    assert latency(95, at_most=ms(50)).judge(history).verdict == "violated"
    assert latency(95, at_most=ms(50), of="service").judge(history).verdict == "held"


@pytest.mark.parametrize("percentile", [0, 0.99, 101])
def test_a_share_in_place_of_a_percentile_is_refused(percentile: float) -> None:
    with pytest.raises(DeclarationError, match="write 95 for the 95th"):
        latency(percentile, at_most=ms(1))


def test_a_clock_that_is_none_is_refused() -> None:
    with pytest.raises(DeclarationError, match="neither 'planned' nor 'service'"):
        latency(95, at_most=ms(1), of="sent")  # type: ignore[arg-type]
