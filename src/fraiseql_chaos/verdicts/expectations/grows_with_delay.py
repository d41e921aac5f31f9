"""
Answers are late by what the network adds to each round trip, and by nothing else.

A service that asks its database in so many round trips one after another is late by so many delays: not by more, as one is whose requests wait for each other
when they take longer, and not by less, as an answer is that never asked. From the planned instant and the windows in which latencies were
armed follows, for each request, the earliest and the latest instant at which it can be answered (``verdicts/crossings.py``); which windows it met, how many and
for how long, does not matter. So the delay may change while a request is under way.

A request that was given up before its latest instant is unknown, and one that was given up after it is late. One that got an error is left out: whether
requests succeed is another expectation's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.crossings import Hold, holds_of, last_arrival_ns, soonest_arrival_ns, unmixed
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import in_ms, requests_during, was_given_up
from fraiseql_chaos.verdicts.shares import Share
from fraiseql_chaos.verdicts.wording import percent, require_duration, span

__all__ = ["GrowsWithDelay", "grows_with_delay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowsWithDelay:
    """
    Expect nearly every request during latencies to take as long as its round trips, and a little.

    Args:
        round_trips: How often a request asks the database and waits, one time after another; at least 1.
        overhead: What everything else may take, queues and computing, in all; above 0.
        at_least: The share of requests, above 0 and at most 1.

    Raises:
        DeclarationError: If any of them has no meaning.
    """

    kind: ClassVar[str] = "grows_with_delay"

    round_trips: int
    overhead: Duration
    at_least: float = 0.95

    def __post_init__(self) -> None:
        if isinstance(self.round_trips, bool) or not isinstance(self.round_trips, int) or self.round_trips < 1:
            raise DeclarationError(
                f"grows_with_delay: round_trips={self.round_trips!r} is no number of round trips; give 1 or more; nothing was judged"
            )
        require_duration(self.kind, "overhead", self.overhead)
        if not 0 < self.at_least <= 1:
            raise DeclarationError(f"grows_with_delay: at_least={self.at_least!r} is no share; write 0.95 for 95 %; nothing was judged")

    def __str__(self) -> str:
        return f"at least {percent(self.at_least)} of requests during the fault take {self.round_trips} round trips, and at most {self.overhead} more"

    def judge(self, history: History) -> Finding:
        """Compare each request's end with the earliest and the latest that its round trips allow."""
        if not unmixed(history, steady=True):
            statement = "only latencies without jitter and ramp, on all connections, tell what a round trip takes, and there were none or others"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={})
        holds = holds_of(history)
        asked = [o for o in requests_during(history, "fault") if o.outcome == "ok" or was_given_up(o)]
        early = [o for o in asked if o.outcome == "ok" and o.done_ns < soonest_arrival_ns(o, holds, trips=self.round_trips)]
        late = [o for o in asked if o.done_ns > self._last_ns(o, holds)]
        unknown = sum(o.outcome != "ok" and o.done_ns <= self._last_ns(o, holds) for o in asked)
        bad = len(early) + len(late)
        share = Share(good=len(asked) - bad - unknown, bad=bad, unknown=unknown, at_least=self.at_least)
        over_ns = max((o.done_ns - self._last_ns(o, holds) for o in late), default=0)
        statement = f"of {len(asked)} requests during the fault {len(late)} took longer than {self.round_trips} round trips and {self.overhead}, and {len(early)} less"
        statement += f"; the latest by {span(over_ns)}" if late else ""
        statement += (
            f"; {share.needed} are needed to tell" if len(asked) < share.needed else f"; {unknown} were given up too soon to tell" if unknown else ""
        )
        return Finding(
            expectation=self,
            verdict=share.verdict,
            statement=statement,
            numbers={
                "requests": len(asked),
                "late": len(late),
                "early": len(early),
                "given_up_too_soon": unknown,
                "latest_over_ms": in_ms(over_ns),
                **self._slope(asked, holds),
            },
        )

    def _last_ns(self, operation: Operation, holds: tuple[Hold, ...]) -> int:
        return last_arrival_ns(operation, holds, trips=self.round_trips, overhead_ns=self.overhead.ns)

    def _slope(self, asked: list[Operation], holds: tuple[Hold, ...]) -> JsonObject:
        """
        Return what a millisecond of the network's costs a request, to look at: the median slope over all pairs that differ.

        Source: Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau" (1968).
        """
        points = [(soonest_arrival_ns(o, holds, trips=self.round_trips) - o.planned_ns, o.latency_ns) for o in asked if o.outcome == "ok"]
        slopes = [(y2 - y1) / (x2 - x1) for n, (x1, y1) in enumerate(points) for x2, y2 in points[:n] if abs(x2 - x1) > self.overhead.ns]
        return {"added_per_added": round(value_at(slopes, 50), 4) if slopes else None}


def grows_with_delay(*, round_trips: int, overhead: Duration, at_least: float = 0.95) -> GrowsWithDelay:
    """Expect nearly every request during latencies to take as long as its round trips, and a little; see ``GrowsWithDelay``."""
    return GrowsWithDelay(round_trips=round_trips, overhead=overhead, at_least=at_least)
