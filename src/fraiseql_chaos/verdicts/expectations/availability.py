"""
Enough of the requests get the right answer.

Only ``ok`` counts as available: a request whose outcome nobody knows was of no use to whoever sent it, and one that was never sent
because the service had not answered its predecessors was not served either. Requests that were merely slow are available; how slow is
another expectation's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import During, requests_during, require_during
from fraiseql_chaos.verdicts.shares import Share
from fraiseql_chaos.verdicts.wording import percent, period

__all__ = ["Availability", "availability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """
    Expect a share of the planned requests to be answered rightly.

    Args:
        at_least: The share, above 0 and at most 1.
        during: ``all`` requests, those touched by the ``fault``, or those ``outside`` of it.

    Raises:
        DeclarationError: If the share or the period has no meaning.
    """

    kind: ClassVar[str] = "availability"

    at_least: float = 0.99
    during: During = "all"

    def __post_init__(self) -> None:
        if not 0 < self.at_least <= 1:
            raise DeclarationError(f"availability: at_least={self.at_least!r} is no share; write 0.99 for 99 %; nothing was judged")
        require_during(self.kind, self.during)

    def __str__(self) -> str:
        return f"at least {percent(self.at_least)} of requests {period(self.during)} are answered rightly"

    def judge(self, history: History) -> Finding:
        """Count the requests of the period that are ``ok``."""
        asked = requests_during(history, self.during)
        ok = sum(o.outcome == "ok" for o in asked)
        share = Share(good=ok, bad=len(asked) - ok, unknown=0, at_least=self.at_least)
        statement = f"{ok} of {len(asked)} requests {period(self.during)} were answered rightly"
        if share.verdict == "inconclusive":
            statement += f"; {share.needed} are needed to speak of this share"
        return Finding(
            expectation=self,
            verdict=share.verdict,
            statement=statement,
            numbers={"requests": len(asked), "ok": ok, "ok_ratio": round(ok / len(asked), 6) if asked else None, "requests_needed": share.needed},
        )


def availability(*, at_least: float = 0.99, during: During = "all") -> Availability:
    """Expect a share of the planned requests to be answered rightly; see ``Availability``."""
    return Availability(at_least=at_least, during=during)
