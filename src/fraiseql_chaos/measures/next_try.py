"""Whether asking again helps: how often; see ``verdicts/retries.py`` for who asks again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.retries import next_tries
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
        tries = next_tries(history)
        tried = [again for _, again in tries if again is not None]
        if not tried:
            return Measurement(measure=self, numbers={}, statement="no request failed that was followed by another of its kind")
        right = sum(o.outcome == "ok" for o in tried)
        share = wilson(right, len(tried))
        return Measurement(
            measure=self,
            numbers={
                "failed": len(tries),
                "tried_again": len(tried),
                "succeeded": right,
                "share": round(share.value, 6),
                "share_low": round(share.low, 6),
                "share_high": round(share.high, 6),
            },
            statement=f"after {right} of {len(tried)} failed requests the next of the same kind succeeded: {percent(round(share.value, 6))}",
        )
