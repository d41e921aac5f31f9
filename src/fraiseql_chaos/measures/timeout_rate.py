"""
The share of requests that ended because somebody's patience did.

Three parties may lose it: the client (nothing came within its bound), the service (it answers that it waited too long for a connection or a statement), and the
server (it cancels a statement). The last two are recognised by what the answer says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.requests import During, requests_during, require_during, was_given_up
from fraiseql_chaos.verdicts.wording import percent, period

__all__ = ["TimeoutRate"]

_SAYS_SO: Final = re.compile(r"time[d ]?-?\s?out|couldn't get a connection after", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutRate:
    """
    Measure how many requests ended in a timeout, the client's, the service's or the server's.

    Args:
        during: Which requests: ``fault``, ``outside`` or ``all``.

    Raises:
        DeclarationError: If there is no such period.
    """

    kind: ClassVar[str] = "timeout_rate"

    during: During = "fault"

    def __post_init__(self) -> None:
        require_during(self.kind, self.during)

    def __str__(self) -> str:
        return f"share of requests {period(self.during)} that ended in a timeout"

    def take(self, history: History) -> Measurement:
        """Count those that were given up, and those whose answer says that somebody else gave up."""
        asked = requests_during(history, self.during)
        if not asked:
            return Measurement(measure=self, numbers={}, statement=f"there was no request {period(self.during)}")
        by_client = sum(was_given_up(o) for o in asked)
        by_service = sum(_says_so(o) for o in asked)
        share = wilson(by_client + by_service, len(asked))
        return Measurement(
            measure=self,
            numbers={
                "requests": len(asked),
                "given_up_by_client": by_client,
                "timeout_in_answer": by_service,
                "share": round(share.value, 6),
                "share_low": round(share.low, 6),
                "share_high": round(share.high, 6),
            },
            statement=f"{by_client + by_service} of {len(asked)} requests {period(self.during)} ended in a timeout: {percent(round(share.value, 6))}",
        )


def _says_so(operation: Operation) -> bool:
    return operation.outcome != "ok" and not was_given_up(operation) and _SAYS_SO.search(operation.detail) is not None
