"""Availability: three answers, and what does not count as available."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import availability
from histories import Scene, outage


def test_it_holds_when_enough_requests_are_answered_rightly() -> None:
    finding = availability(at_least=0.99).judge(Scene().answers(0, 3980).errors(3980, 4000).history())

    assert finding.verdict == "held"
    assert finding.numbers == {"requests": 200, "ok": 199, "ok_ratio": 0.995, "requests_needed": 100}


def test_it_is_violated_when_too_many_are_not() -> None:
    finding = availability(at_least=0.99).judge(outage().history())

    assert finding.verdict == "violated"
    assert finding.statement == "250 of 350 requests of the whole run were answered rightly"


def test_it_cannot_tell_from_too_few_and_says_how_many_are_needed() -> None:
    finding = availability(at_least=0.99).judge(Scene().answers(0, 1000).history())

    assert finding.verdict == "inconclusive"
    assert "100 are needed" in finding.statement


def test_it_speaks_of_the_period_asked_about() -> None:
    history = outage().history()

    assert availability(during="outside").judge(history).verdict == "held"
    assert availability(during="fault").judge(history).numbers["ok"] == 0


def test_an_outcome_that_nobody_knows_is_not_available() -> None:
    assert availability().judge(Scene().answers(0, 2000).hangs(2000, 2100).history()).verdict == "violated"


def test_without_any_fault_nothing_can_be_said_about_its_period() -> None:
    assert availability(during="fault").judge(Scene().answers(0, 4000).history()).verdict == "inconclusive"


@pytest.mark.parametrize("share", [0, 1.01, 99])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(DeclarationError, match="is no share"):
        availability(at_least=share)
