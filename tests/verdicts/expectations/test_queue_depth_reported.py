"""The pool knows how many wait: three answers."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import queue_depth_reported
from histories import Scene


def exhausted(reported: int, *, looks: int = 30, odd: int = 0) -> Scene:
    """40 requests of a crowd and 5 of the load are on their way, and 30 connections are in use; ``odd`` looks report nobody."""
    made = Scene().fault(0, 3000, kind="pool_exhaustion")
    for _ in range(40):
        made.crowd(10, 2900)
    for _ in range(5):
        made.request(10, 2900)
    for n in range(looks):
        made.pool(100 + n * 50, waiting=0 if n < odd else reported, available=0, size=30)
    return made


def test_it_holds_when_both_say_the_same() -> None:
    finding = queue_depth_reported(off_by_at_most=0).judge(exhausted(15).history())

    assert finding.verdict == "held"
    assert (finding.numbers["off_by_median"], finding.numbers["reported_max"], finding.numbers["known_max"]) == (0, 15, 15)


@pytest.mark.parametrize("reported", [0, 9, 21, 45])
def test_it_is_violated_when_the_pool_says_less_or_more(reported: int) -> None:
    assert queue_depth_reported(off_by_at_most=5).judge(exhausted(reported).history()).verdict == "violated"


def test_a_few_odd_looks_do_not_count() -> None:
    assert queue_depth_reported(off_by_at_most=1).judge(exhausted(15, odd=5).history()).verdict == "held"


def test_it_cannot_tell_when_half_of_the_looks_are_odd() -> None:
    assert queue_depth_reported(off_by_at_most=5).judge(exhausted(15, odd=15).history()).verdict == "inconclusive"


def test_it_cannot_tell_from_few_looks_or_none() -> None:
    few, none = (queue_depth_reported().judge(exhausted(15, looks=looks).history()) for looks in (10, 0))

    assert (few.verdict, none.verdict) == ("inconclusive", "inconclusive")
    assert few.statement == "in 10 of 10 looks at the pool during the fault somebody waited; 20 are needed"
    assert none.statement == "nobody looked at the service's pool"


def test_a_service_without_a_pool_is_named() -> None:
    finding = queue_depth_reported().judge(Scene().fault(0, 1000).answers(0, 1000).pool(500, ok=False).history())
    assert finding.statement == "the service's pool could not be looked at: the app has made no connection pool of FraiseQL's"


@pytest.mark.parametrize("margin", [-1, 0.5, True, "5"])
def test_a_margin_without_meaning_is_refused(margin: Any) -> None:
    with pytest.raises(DeclarationError, match="is no number of requests; nothing was judged"):
        queue_depth_reported(off_by_at_most=margin)
