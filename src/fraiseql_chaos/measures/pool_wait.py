"""
How long clients waited for a connection of the service's pool, by the pool's own account.

The pool adds up how long those waited who have got their connection, or have given up, in whole milliseconds each; so the mean is exact to one of them, and
who still waits is not in it. The longest wait is known from below, from the numbers of those who stood in line at several looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.pool import PoolLook, looks_during_fault, why_no_looks
from fraiseql_chaos.verdicts.requests import in_ms

__all__ = ["PoolWait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolWait:
    """Measure how long clients waited for a connection while a fault was at work."""

    kind: ClassVar[str] = "pool_wait"

    def __str__(self) -> str:
        return "time that clients waited for a connection during the fault"

    def take(self, history: History) -> Measurement:
        """Divide the time that the pool added up by the number of those who stopped waiting, between the first look during the fault and the last."""
        looks = looks_during_fault(history)
        if len(looks) < 2:
            return Measurement(measure=self, numbers={}, statement=why_no_looks(history))
        first, last = looks[0], looks[-1]
        ended = (last.queued - last.waiting) - (first.queued - first.waiting)
        if ended <= 0:
            return Measurement(measure=self, numbers={}, statement="nobody who waited for a connection during the fault got one")
        mean_ms, longest_ms = (last.wait_ms - first.wait_ms) / ended, in_ms(_longest_ns(looks))
        return Measurement(
            measure=self,
            numbers={"waits": ended, "mean_ms": round(mean_ms, 3), "longest_at_least_ms": longest_ms},
            statement=f"{ended} clients waited {mean_ms:.3g} ms at the mean, and the longest at least {longest_ms:.3g} ms",
        )


def _longest_ns(looks: Sequence[PoolLook]) -> int:
    first_seen: dict[int, int] = {}
    longest_ns = 0
    for look in looks:
        for number in look.queue:
            longest_ns = max(longest_ns, look.began_ns - first_seen.setdefault(number, look.at_ns))
    return longest_ns
