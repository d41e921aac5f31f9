"""
Whether asking again helps.

The load is open and asks nothing a second time; but it asks the same operation again and again, so the first request of it that was planned after a failed one had
ended stands in the place of a client that tries again at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.requests import was_given_up
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["NextTry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTry:
    """Measure how often the next request of the same operation succeeds after one that failed."""

    kind: ClassVar[str] = "next_try"

    def __str__(self) -> str:
        return "share of failed requests after which the next one of their kind succeeded"

    def take(self, history: History) -> Measurement:
        """Look, for each request that failed, at the next of its operation; one that failed last of all has none, and does not count."""
        failed = [o for o in history.operations if o.outcome != "ok" and not was_given_up(o)]
        following = [
            min((n for n in history.operations if n.name == o.name and n.planned_ns >= o.done_ns), key=lambda n: n.planned_ns, default=None)
            for o in failed
        ]
        tried = [o for o in following if o is not None]
        if not tried:
            return Measurement(measure=self, numbers={}, statement="no request failed that was followed by another of its kind")
        right = sum(o.outcome == "ok" for o in tried)
        share = wilson(right, len(tried))
        return Measurement(
            measure=self,
            numbers={
                "failed": len(failed),
                "tried_again": len(tried),
                "succeeded": right,
                "share": round(share.value, 6),
                "share_low": round(share.low, 6),
                "share_high": round(share.high, 6),
            },
            statement=f"after {right} of {len(tried)} failed requests the next of the same kind succeeded: {percent(round(share.value, 6))}",
        )
