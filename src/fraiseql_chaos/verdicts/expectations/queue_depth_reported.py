"""
The pool knows how many wait.

What a pool reports as waiting is what an operator, an alert or an autoscaler acts on. It is compared with what the clients know themselves: of the requests
that are on their way, all that hold no connection have to wait for one.

    waiting, as reported   ~   in flight, by the clients' own record   -   connections handed out

The two are read at the same instant, but not by the same clock tick of the same process, and a request is in flight for a moment before it asks for
a connection and after it has given it back. So single looks differ, by more when many answers fall together. What counts is the median difference over
all looks at which somebody waited, with its distribution-free interval: reported rightly is what is shown to stay within the margin, wrongly what is
shown not to. Looks of one run are not quite independent; the interval is that of independent ones, as in every comparison here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.stats import percentile
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.pool import in_flight, looks_during_fault, why_no_looks
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS

__all__ = ["QueueDepthReported", "queue_depth_reported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepthReported:
    """
    Expect the pool's own number of waiting clients to agree with what the clients know.

    Args:
        off_by_at_most: How many requests the two may differ by, at the median of all looks; 0 or more.

    Raises:
        DeclarationError: If the margin is no such number.
    """

    kind: ClassVar[str] = "queue_depth_reported"

    off_by_at_most: int

    def __post_init__(self) -> None:
        if isinstance(self.off_by_at_most, bool) or not isinstance(self.off_by_at_most, int) or self.off_by_at_most < 0:
            raise DeclarationError(f"queue_depth_reported: off_by_at_most={self.off_by_at_most!r} is no number of requests; nothing was judged")

    def __str__(self) -> str:
        return f"the pool reports as many waiting as there are, give or take {self.off_by_at_most}"

    def judge(self, history: History) -> Finding:
        """Compare the two at every look at which one of them says that somebody waited."""
        looks, known_at = looks_during_fault(history), in_flight(history)
        pairs = [(look.waiting, max(0, known_at((look.began_ns + look.at_ns) // 2) - look.held)) for look in looks]
        pairs = [pair for pair in pairs if any(pair)]
        numbers: JsonObject = {"looks": len(looks), "looks_with_a_queue": len(pairs), "needed": LEAST_REQUESTS}
        if len(pairs) < LEAST_REQUESTS:
            found = f"in {len(pairs)} of {len(looks)} looks at the pool during the fault somebody waited; {LEAST_REQUESTS} are needed"
            return Finding(expectation=self, verdict="inconclusive", statement=found if looks else why_no_looks(history), numbers=numbers)
        off = percentile([reported - known for reported, known in pairs], 50)
        low, high = (-math.inf if off.low is None else off.low), (math.inf if off.high is None else off.high)
        margin = self.off_by_at_most
        verdict: Verdict = "held" if -margin <= low and high <= margin else "violated" if low > margin or high < -margin else "inconclusive"
        deepest = max(known for _, known in pairs)
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=(
                f"at the median of {len(pairs)} looks the pool reported {off.value:+.3g} waiting against what the clients know ({low:+.3g} to {high:+.3g}); "
                f"it reported up to {max(reported for reported, _ in pairs)}, and up to {deepest} waited"
            ),
            numbers={
                **numbers,
                "off_by_median": off.value,
                "off_by_low": None if math.isinf(low) else low,
                "off_by_high": None if math.isinf(high) else high,
                "reported_max": max(reported for reported, _ in pairs),
                "known_max": deepest,
            },
        )


def queue_depth_reported(*, off_by_at_most: int = 5) -> QueueDepthReported:
    """Expect the pool's own number of waiting clients to agree with what the clients know; see ``QueueDepthReported``."""
    return QueueDepthReported(off_by_at_most=off_by_at_most)
