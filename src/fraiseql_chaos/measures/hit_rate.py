"""
How often a request is answered without asking the database: the hit rate of whatever caches there are, in the service or in front of it.

No counter of the service's is asked. Under a steady latency nothing comes back from the database sooner than the delay, so a right answer that was there sooner was
had from somewhere else, and one that took as long was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.crossings import holds_of, soonest_arrival_ns, unmixed
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["HitRate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRate:
    """Measure the share of right answers that were there sooner than any answer of the database's can have been."""

    kind: ClassVar[str] = "hit_rate"

    def __str__(self) -> str:
        return "share of answers that were had without the database"

    def take(self, history: History) -> Measurement:
        """Compare each answer's time with that of a single round trip; requests that no trip of theirs can have been held up are left out."""
        if not unmixed(history, steady=True):
            return Measurement(
                measure=self, numbers={}, statement="no steady latency was armed, and nothing else, to tell answers of the database's by"
            )
        holds = holds_of(history)
        asked = [(o, soonest_arrival_ns(o, holds, trips=1)) for o in history.operations if o.outcome == "ok"]
        # Within the window as a whole: an answer that the heal let go of early tells nothing.
        delay_ns = min(hold.delay_ns for hold in holds)
        told = [(o, soonest_ns) for o, soonest_ns in asked if soonest_ns - o.planned_ns >= delay_ns]
        if not told:
            return Measurement(measure=self, numbers={}, statement="no right answer was to be had during the latency")
        hits = sum(o.done_ns < soonest_ns for o, soonest_ns in told)
        share = wilson(hits, len(told))
        return Measurement(
            measure=self,
            numbers={
                "answers": len(told),
                "hits": hits,
                "rate": round(share.value, 6),
                "rate_low": round(share.low, 6),
                "rate_high": round(share.high, 6),
            },
            statement=f"{hits} of {len(told)} answers were there sooner than the database's can have been: {percent(round(share.value, 6))}",
        )
