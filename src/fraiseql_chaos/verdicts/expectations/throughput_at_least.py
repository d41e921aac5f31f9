"""
Enough comes out while something is broken.

Either a share of what came out before the fault, in the same run, or so many right answers a second. The load is open, so nothing more can come
out than was put in: a share of 1 says "as much as in health", and a rate above the load's own can never be kept, which is said as what it is, a
promise that this load cannot test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Rate
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS
from fraiseql_chaos.verdicts.throughput import Throughput, throughput
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["ThroughputAtLeast", "throughput_at_least"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputAtLeast:
    """
    Expect so many right answers a second during the fault.

    Args:
        share: Of what came out before the fault: above 0 and at most 1; None if a rate is given.
        per_s: Right answers a second, above 0; None if a share is given.

    Raises:
        DeclarationError: If neither or both are given, or one has no meaning.
    """

    kind: ClassVar[str] = "throughput_at_least"

    share: float | None
    per_s: float | None

    def __post_init__(self) -> None:
        if (self.share is None) == (self.per_s is None):
            raise DeclarationError("throughput_at_least: takes a share of what came before, as 0.8, or a rate, as per_second(40); nothing was judged")
        if self.share is not None and not (_is_number(self.share) and 0 < self.share <= 1):
            raise DeclarationError(f"throughput_at_least: {self.share!r} is no share; write 0.8 for 80 %, or per_second(40); nothing was judged")
        if self.per_s is not None and not (_is_number(self.per_s) and 0 < self.per_s < float("inf")):
            raise DeclarationError(f"throughput_at_least: {self.per_s!r} is no rate above 0; write per_second(40); nothing was judged")

    def __str__(self) -> str:
        if self.share is not None:
            return f"at least {percent(self.share)} as many right answers a second come during the fault as before it"
        return f"at least {self.per_s:g} right answers a second come during the fault"

    def judge(self, history: History) -> Finding:
        """Count the right answers that were complete while a fault was armed, and before the first one."""
        seen = throughput(history)
        if seen is None:
            return Finding(expectation=self, verdict="inconclusive", statement="no fault was armed while requests were sent", numbers={})
        verdict, statement = self._answer(seen)
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "before_per_s": round(seen.before.per_s, 3),
                "during_per_s": round(seen.during.per_s, 3),
                "ratio": None if seen.ratio is None else round(seen.ratio, 6),
                "planned_before": seen.before.planned,
                "planned_during": seen.during.planned,
                "planned_needed": LEAST_REQUESTS,
            },
        )

    def _answer(self, seen: Throughput) -> tuple[Verdict, str]:
        statement = f"{seen.during.per_s:.3g} right answers a second came during the fault, and {seen.before.per_s:.3g} before it"
        phases = [("during the fault", seen.during), *([("before it", seen.before)] if self.share is not None else [])]
        few = [f"{flow.planned} requests were planned {when}" for when, flow in phases if flow.planned < LEAST_REQUESTS]
        if few:
            return "inconclusive", f"only {' and '.join(few)}; {LEAST_REQUESTS} are needed to speak of throughput"
        if self.share is not None:
            if seen.ratio is None:
                return "inconclusive", "no right answer came before the fault, so there is nothing to take a share of"
            return ("held" if seen.ratio >= self.share else "violated"), f"{statement}: {percent(round(seen.ratio, 6))}"
        assert self.per_s is not None
        asked = seen.during.planned * 1e9 / seen.during.length_ns
        if asked < self.per_s:
            return "inconclusive", f"{statement}; but only {asked:.3g} a second were asked for, so this load cannot test it"
        return ("held" if seen.during.per_s >= self.per_s else "violated"), statement


def throughput_at_least(least: float | Rate) -> ThroughputAtLeast:
    """Expect a share of what came out before the fault, as 0.8, or a rate, as ``per_second(40)``; see ``ThroughputAtLeast``."""
    if isinstance(least, Rate):
        return ThroughputAtLeast(share=None, per_s=float(least.per_s))
    return ThroughputAtLeast(share=least, per_s=None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
