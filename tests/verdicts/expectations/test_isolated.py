"""Bystanders are unharmed: three answers for success, and for speed."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import isolated
from histories import Scene


def beside(*, fails_of_100: int = 0, took_ms: float = 4, during: int = 100) -> Scene:
    """An outage for reads, and a bystander asked 50 times a second, 100 times in health."""
    made = Scene().fault(2000, 2000 + during * 20).answers(0, 2000).errors(2000, 2000 + during * 20)
    made.answers(0, 2000, name="ping")
    for index in range(during):
        bad = index % 100 < fails_of_100
        made.request(2000 + index * 20, took_ms + index % 7 / 10, outcome="fail" if bad else "ok", cause="graphql_error" if bad else "", name="ping")
    return made


def test_it_holds_when_bystanders_go_on_as_before() -> None:
    finding = isolated("ping").judge(beside().history())

    assert finding.verdict == "held"
    assert finding.statement.startswith("100 of 100 requests of bystanders were answered rightly during the fault, 100 of 100 before it; ")


def test_it_is_violated_when_they_fail() -> None:
    assert isolated("ping").judge(beside(fails_of_100=20).history()).verdict == "violated"


def test_it_is_violated_when_they_are_slow() -> None:
    finding = isolated("ping").judge(beside(took_ms=9).history())

    assert finding.verdict == "violated"
    assert "their median answer took 2." in finding.statement


def test_what_is_no_bystander_may_fail() -> None:
    """All reads fail in these histories."""
    assert isolated("ping").judge(beside().history()).verdict == "held"
    assert isolated("ping", "read_post").judge(beside().history()).verdict == "violated"


def test_it_cannot_tell_from_a_few_failures_and_says_how_many_requests_would() -> None:
    finding = isolated("ping").judge(beside(fails_of_100=4).history())

    assert finding.verdict == "inconclusive"
    assert "about 200 are needed during it" in finding.statement


def test_a_short_fault_shows_no_failure_and_still_leaves_it_open() -> None:
    finding = isolated("ping").judge(beside(during=40).history())

    assert finding.verdict == "inconclusive"
    assert "about 73 are needed during it" in finding.statement
    assert isolated("ping").judge(beside(during=80).history()).verdict == "held"


def test_it_cannot_tell_from_too_few_requests_or_none() -> None:
    few = isolated("ping").judge(beside(during=19).history())
    none = isolated("ping", "pong").judge(beside().history())

    assert (few.verdict, none.verdict) == ("inconclusive", "inconclusive")
    assert few.statement == "100 requests of bystanders before the fault and 19 during it are too few to compare; 20 of each are needed"
    assert none.statement == "pong was not asked"


def test_it_cannot_tell_without_health_to_compare_with() -> None:
    assert isolated("ping").judge(Scene().answers(0, 3000, name="ping").history()).verdict == "inconclusive"
    dead = Scene().fault(2000, 4000).errors(0, 4000)
    assert isolated("read_post").judge(dead.history()).statement.endswith("20 of each are needed")


@pytest.mark.parametrize(
    ("bystanders", "margins", "told"),
    [
        ((), {}, "name at least one operation"),
        (("",), {}, "name at least one operation"),
        (("ping",), {"lost_at_most": 0}, "lost_at_most=0 is no margin"),
        (("ping",), {"lost_at_most": 1}, "lost_at_most=1 is no margin"),
        (("ping",), {"slower_at_most": 1}, "slower_at_most=1 is no margin"),
        (("ping",), {"slower_at_most": float("nan")}, "slower_at_most=nan is no margin"),
    ],
)
def test_what_has_no_meaning_is_refused(bystanders: tuple[str, ...], margins: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        isolated(*bystanders, **margins)
