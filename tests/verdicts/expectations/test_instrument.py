"""The instrument answers for itself: it holds, or the run cannot tell."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.verdicts import instrument
from histories import Scene, outage


def test_it_holds_when_all_was_sent_on_time() -> None:
    finding = instrument().judge(outage().stall(100, 30).history())

    assert finding.verdict == "held"
    assert finding.numbers == {"planned": 350, "sent": 350, "lag_p99_ms": 0.2, "lag_max_ms": 0.2, "stall_max_ms": 30.0}


@pytest.mark.parametrize(
    ("scene", "doubt"),
    [
        (Scene(), "no request was sent"),
        (Scene().load(51).answers(0, 1000), "1 of 51 planned requests were never sent"),
        (Scene().answers(0, 1000).request(1000, lag_ms=None, outcome="fail", cause="not_sent"), "1 of 51 planned requests were never sent"),
        (Scene().answers(0, 1000).request(1000, lag_ms=30), "1 % of the requests were sent 30 ms late or later"),
        (Scene().answers(0, 4000).request(4000, lag_ms=251), "a request was sent 251 ms late"),
        (Scene().answers(0, 1000).stall(500, 251), "the load generator stood still for 251 ms"),
    ],
    ids=["nothing sent", "missing from the record", "held back", "lagging", "one late", "stalled"],
)
def test_it_cannot_tell_and_never_violates_when_the_load_was_not_as_planned(scene: Scene, doubt: str) -> None:
    finding = instrument().judge(scene.history())

    assert finding.verdict == "inconclusive"
    assert finding.statement == doubt


def test_its_bounds_can_be_set() -> None:
    history = outage().stall(100, 30).history()

    assert instrument(lag_at_most=ms(20)).judge(history).verdict == "inconclusive"
    assert instrument(lag_p99_at_most=ms(0.1)).judge(history).verdict == "inconclusive"
