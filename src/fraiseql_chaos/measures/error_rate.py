"""The share of requests that were not answered rightly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.requests import During, requests_during, require_during
from fraiseql_chaos.verdicts.wording import percent, period

__all__ = ["ErrorRate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """
    Measure how many requests got an error, a wrong answer or none.

    Args:
        during: Which requests: ``fault``, ``outside`` or ``all``.

    Raises:
        DeclarationError: If there is no such period.
    """

    kind: ClassVar[str] = "error_rate"

    during: During = "fault"

    def __post_init__(self) -> None:
        require_during(self.kind, self.during)

    def __str__(self) -> str:
        return f"share of requests {period(self.during)} that were not answered rightly"

    def take(self, history: History) -> Measurement:
        """Count, with a Wilson interval, and by cause."""
        asked = requests_during(history, self.during)
        if not asked:
            return Measurement(measure=self, numbers={}, statement=f"there was no request {period(self.during)}")
        causes = Counter(o.cause for o in asked if o.outcome != "ok")
        share = wilson(causes.total(), len(asked))
        return Measurement(
            measure=self,
            numbers={
                "requests": len(asked),
                "not_right": causes.total(),
                "share": round(share.value, 6),
                "share_low": round(share.low, 6),
                "share_high": round(share.high, 6),
                "causes": dict(sorted(causes.items())),
            },
            statement=f"{causes.total()} of {len(asked)} requests {period(self.during)} were not answered rightly: {percent(round(share.value, 6))}",
        )
