"""How many clients waited for a connection of the service's pool, as the pool reports it and as its queue shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.pool import looks_during_fault, pool_looks, why_no_looks

__all__ = ["QueueDepth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """Measure how many waited for a connection while a fault was at work, over all looks at the pool."""

    kind: ClassVar[str] = "queue_depth"

    def __str__(self) -> str:
        return "clients waiting for a connection during the fault"

    def take(self, history: History) -> Measurement:
        """Take median and maximum, and the maximum outside the fault."""
        looks = looks_during_fault(history)
        if not looks:
            return Measurement(measure=self, numbers={}, statement=why_no_looks(history))
        inside = {look.at_ns for look in looks}
        outside = [look.waiting for look in pool_looks(history) if look.at_ns not in inside]
        waiting = [float(look.waiting) for look in looks]
        exhausted = sum(look.is_exhausted for look in looks)
        return Measurement(
            measure=self,
            numbers={
                "looks": len(looks),
                "looks_exhausted": exhausted,
                "waiting_p50": value_at(waiting, 50),
                "waiting_max": max(look.waiting for look in looks),
                "waiting_max_outside": max(outside, default=0),
                "connections_max": max(look.most for look in looks),
            },
            statement=(
                f"{value_at(waiting, 50):.3g} clients waited at the median of {len(looks)} looks, at most {max(waiting):.0f}; "
                f"in {exhausted} looks all {looks[-1].most} connections were in use"
            ),
        )
