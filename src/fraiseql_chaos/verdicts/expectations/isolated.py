"""
Bystanders are unharmed.

Some operations do not use what is broken. A fault of the database is no reason for them to fail or to slow down; if they do, something that everybody shares gave
way: the pool, the event loop, the memory. Who they are only the author of a test knows, so they are named.

Their requests during the fault are compared with their own from before it, in the same run:

* success: the share that is lost, before less during, with Newcombe's interval;
* latency: the median answer during over that before, both with their distribution-free intervals, taken together at their worst ends.

Unharmed is what is shown to stay within both margins; harmed what is shown not to stay within one. What lies between cannot be told from so few, and how many
would do is said. Requests of one run are not quite independent; the intervals are those of independent ones, as in every comparison here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import percentile, share_difference
from fraiseql_chaos.verdicts.model import Finding, Verdict, worst
from fraiseql_chaos.verdicts.requests import fault_windows, phase_of
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["Isolated", "isolated"]

Z_SQUARED: Final = 1.959964**2
"""Of the 95 % level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolated:
    """
    Expect operations that do not use what is broken to go on as before.

    Args:
        bystanders: Their names in the workload; at least one.
        lost_at_most: How much of their success they may lose: above 0 and below 1.
        slower_at_most: How many times as long their median answer may take: above 1.

    Raises:
        DeclarationError: If nobody is named, or a margin has no meaning.
    """

    kind: ClassVar[str] = "isolated"

    bystanders: tuple[str, ...]
    lost_at_most: float = 0.05
    slower_at_most: float = 1.5

    def __post_init__(self) -> None:
        if not self.bystanders or not all(isinstance(name, str) and name for name in self.bystanders):
            raise DeclarationError("isolated: name at least one operation that does not use what is broken; nothing was judged")
        for name, value, low, high in (("lost_at_most", self.lost_at_most, 0, 1), ("slower_at_most", self.slower_at_most, 1, math.inf)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
                raise DeclarationError(f"isolated: {name}={value!r} is no margin; write lost_at_most=0.05, slower_at_most=1.5; nothing was judged")

    def __str__(self) -> str:
        return (
            f"{' and '.join(self.bystanders)} lose at most {percent(self.lost_at_most)} of success during the fault, "
            f"and take at most {self.slower_at_most:g} times as long"
        )

    def judge(self, history: History) -> Finding:
        """Compare the bystanders' requests during the fault with those before it."""
        windows = fault_windows(history)
        asked = [o for o in history.operations if o.name in self.bystanders]
        before = [o for o in asked if phase_of(o, windows) == "before"]
        during = [o for o in asked if phase_of(o, windows) == "during"]
        absent = sorted(set(self.bystanders) - {o.name for o in asked})
        numbers: JsonObject = {"before": len(before), "during": len(during), "needed": LEAST_REQUESTS}
        if absent or min(len(before), len(during)) < LEAST_REQUESTS:
            statement = (
                f"{', '.join(absent)} was not asked"
                if absent
                else f"{len(before)} requests of bystanders before the fault and {len(during)} during it"
            )
            statement += "" if absent else f" are too few to compare; {LEAST_REQUESTS} of each are needed"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers=numbers)
        success, succeeded, lost = self._success(before, during)
        speed, sped, slower = self._speed(before, during)
        return Finding(expectation=self, verdict=worst((success, speed)), statement=f"{succeeded}; {sped}", numbers={**numbers, **lost, **slower})

    def _success(self, before: Sequence[Operation], during: Sequence[Operation]) -> tuple[Verdict, str, JsonObject]:
        right = tuple(sum(o.outcome == "ok" for o in phase) for phase in (before, during))
        lost = share_difference((right[0], len(before)), (right[1], len(during)))
        verdict: Verdict = "held" if lost.high <= self.lost_at_most else "violated" if lost.low > self.lost_at_most else "inconclusive"
        statement = (
            f"{right[1]} of {len(during)} requests of bystanders were answered rightly during the fault, {right[0]} of {len(before)} before it"
        )
        if verdict == "inconclusive":
            # Of requests none of which fails, so many are needed before the interval is as narrow as the margin.
            needed = max(math.ceil(Z_SQUARED * (1 - self.lost_at_most) / self.lost_at_most), 2 * len(during) if right[1] < len(during) else 0)
            statement += f", which may be a loss of up to {percent(round(lost.high, 4))}; about {needed} are needed during it"
        return verdict, statement, {"lost_ratio": round(lost.value, 6), "lost_low": round(lost.low, 6), "lost_high": round(lost.high, 6)}

    def _speed(self, before: Sequence[Operation], during: Sequence[Operation]) -> tuple[Verdict, str, JsonObject]:
        times = tuple([o.latency_ns for o in phase if o.outcome == "ok"] for phase in (before, during))
        if min(map(len, times)) < LEAST_REQUESTS:
            few = f"{len(times[0])} answers before the fault and {len(times[1])} during it are too few to compare their times; {LEAST_REQUESTS} of each are needed"
            return "inconclusive", few, {"slower": None}
        healthy, faulted = (percentile(phase, 50) for phase in times)
        low = (faulted.low or 0) / (healthy.high or math.inf)
        high = (faulted.high or math.inf) / (healthy.low or math.nan)
        verdict: Verdict = "held" if high <= self.slower_at_most else "violated" if low > self.slower_at_most else "inconclusive"
        told = f"their median answer took {faulted.value / healthy.value:.3g} times as long ({low:.3g} to {high:.3g})"
        if verdict == "inconclusive":
            told += f"; more than {min(map(len, times))} answers of each are needed to tell"
        numbers: JsonObject = {
            "slower": round(faulted.value / healthy.value, 3),
            "slower_low": round(low, 3),
            "slower_high": round(high, 3) if math.isfinite(high) else None,
        }
        return verdict, told, numbers


def isolated(*bystanders: str, lost_at_most: float = 0.05, slower_at_most: float = 1.5) -> Isolated:
    """Expect operations that do not use what is broken to go on as before; see ``Isolated``."""
    return Isolated(bystanders=bystanders, lost_at_most=lost_at_most, slower_at_most=slower_at_most)
