"""Errors, not hangs: three answers."""

from __future__ import annotations

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.verdicts import no_hang
from histories import Scene, outage


def test_it_holds_when_every_request_ends_in_time_well_or_badly() -> None:
    finding = no_hang(within=ms(50)).judge(outage().history())

    assert finding.verdict == "held"
    assert (finding.numbers["requests"], finding.numbers["ended_in_error"]) == (100, 100)


def test_one_hang_violates() -> None:
    finding = no_hang(within=seconds(1)).judge(outage().hangs(2500, 2520, took_ms=3000).history())

    assert finding.verdict == "violated"
    assert finding.statement == "1 of 101 requests during the fault had not ended after 1 s; the longest took 3 s"


def test_a_late_error_violates_too() -> None:
    assert no_hang(within=seconds(1)).judge(outage().errors(3000, 3020, took_ms=4000).history()).verdict == "violated"


def test_it_cannot_tell_when_requests_were_given_up_before_the_limit() -> None:
    finding = no_hang(within=seconds(5)).judge(outage().hangs(2500, 2520, took_ms=3000).history())

    assert finding.verdict == "inconclusive"
    assert "1 were given up before 5 s had passed" in finding.statement


def test_it_cannot_tell_from_too_few_requests() -> None:
    few = Scene().fault(1000, 1100).answers(0, 2000)

    assert no_hang(within=seconds(1)).judge(few.history()).verdict == "inconclusive"
    assert no_hang(within=seconds(1)).judge(Scene().answers(0, 2000).history()).verdict == "inconclusive"


def test_what_happens_outside_the_fault_is_not_asked_about() -> None:
    assert no_hang(within=ms(50)).judge(outage().hangs(6000, 6020).history()).verdict == "held"
