"""Proportional latency: three answers, late ones and early ones, and what cannot be told."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import grows_with_delay
from histories import Scene


def scene(trips: float, *, count: int = 40, extra_ms: float = 5) -> Scene:
    """Return a history of requests that make so many round trips through 250 ms, in a window that holds all of them whole."""
    made = Scene().fault(1000, 9000, kind="latency").answers(0, 900)
    for n in range(count):
        made.request(1010 + 50 * n, trips * 250 + extra_ms)
    return made


def test_it_holds_when_requests_take_their_round_trips() -> None:
    finding = grows_with_delay(round_trips=4, overhead=ms(50)).judge(scene(4).history())

    assert finding.verdict == "held"
    assert (finding.numbers["late"], finding.numbers["early"]) == (0, 0)


@pytest.mark.parametrize(("trips", "way"), [(5, "late"), (3, "early"), (0, "early")])
def test_it_is_violated_when_they_take_one_more_or_less(trips: int, way: str) -> None:
    finding = grows_with_delay(round_trips=4, overhead=ms(50)).judge(scene(trips).history())

    assert finding.verdict == "violated"
    assert finding.numbers[way] == 40


def test_the_slope_says_what_a_millisecond_costs() -> None:
    """Requests that the heal releases are late by less, and so is what the network alone would cost them."""
    made = Scene().fault(1000, 2000, kind="latency").answers(0, 900)
    for n in range(30):
        made.request(1010 + 30 * n, min(1000, 990 - 30 * n) + 5)
    finding = grows_with_delay(round_trips=4, overhead=ms(50)).judge(made.history())

    assert finding.verdict == "held"
    assert 0.95 < finding.numbers["added_per_added"] < 1.05  # type: ignore[operator]


def test_a_request_that_was_given_up_is_late_or_unknown() -> None:
    late = scene(4, count=30).hangs(1100, 1200, took_ms=3000).history()
    unknown = scene(4, count=30).hangs(1100, 1200, took_ms=500).history()

    assert grows_with_delay(round_trips=4, overhead=ms(50)).judge(late).verdict == "violated"
    assert grows_with_delay(round_trips=4, overhead=ms(50)).judge(unknown).verdict == "inconclusive"


def test_it_cannot_tell_of_few_requests_or_of_other_faults() -> None:
    few = grows_with_delay(round_trips=4, overhead=ms(50)).judge(scene(4, count=10).history())
    other = grows_with_delay(round_trips=4, overhead=ms(50)).judge(Scene().fault(1000, 2000).answers(0, 3000).history())

    assert (few.verdict, other.verdict) == ("inconclusive", "inconclusive")
    assert "20 are needed to tell" in few.statement
    assert "only latencies" in other.statement


def test_magnitudes_without_meaning_are_refused() -> None:
    with pytest.raises(DeclarationError, match="no number of round trips"):
        grows_with_delay(round_trips=0, overhead=ms(50))
    with pytest.raises(DeclarationError, match="has no unit"):
        grows_with_delay(round_trips=4, overhead=50)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="is no share"):
        grows_with_delay(round_trips=4, overhead=ms(50), at_least=1.5)
