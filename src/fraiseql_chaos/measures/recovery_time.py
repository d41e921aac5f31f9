"""How long it takes until all is well again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.requests import in_ms
from fraiseql_chaos.verdicts.timing import recovery
from fraiseql_chaos.verdicts.wording import span

__all__ = ["RecoveryTime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTime:
    """Measure the time from the end of the last fault to the first of the answers that all succeed, and to when latency is back."""

    kind: ClassVar[str] = "recovery_time"

    def __str__(self) -> str:
        return "time from the end of the fault to the answers that all succeed"

    def take(self, history: History) -> Measurement:
        """Read it off the requests; one that did not recover before the load ended has a lower bound instead."""
        back = recovery(history)
        if back is None:
            return Measurement(measure=self, numbers={}, statement="no fault was armed and healed while requests were sent")
        settled_ms = None if back.settled_ns is None else in_ms(back.settled_ns - back.heal_ns)
        if back.at_ns is None:
            watched_ns = max(0, back.load_end_ns - back.heal_ns)
            return Measurement(
                measure=self,
                numbers={"recovered": False, "watched_ms": in_ms(watched_ns)},
                statement=f"requests still failed when the load ended, {span(watched_ns)} after the end of the fault",
            )
        after_ns = back.at_ns - back.heal_ns
        return Measurement(
            measure=self,
            numbers={"recovered": True, "recovery_ms": in_ms(after_ns), "settled_ms": settled_ms},
            statement=f"the answers that all succeed began {span(after_ns)} after the end of the fault",
        )
