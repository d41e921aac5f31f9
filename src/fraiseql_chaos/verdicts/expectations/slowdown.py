"""
Answers take at most so many times as long as they took before the fault, in the same run.

The yardstick is the median of the same load's own requests from before the fault, so the machine of the day cancels out. The plan's
``assert_within_baseline(metrics, tolerance=2.0)`` is this expectation.

Where the faults of the run add a known delay to every answer, the statement says what that alone comes to: a tolerance that no service
could keep says something about the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.stats import percentile
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.requests import fault_windows, in_ms, phase_of
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS
from fraiseql_chaos.verdicts.wording import span

__all__ = ["Slowdown", "slowdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """
    Expect the median answer during the fault to take at most so many times the median from before it.

    Args:
        at_most: The factor, at least 1; 2.0 means twice as long.

    Raises:
        DeclarationError: If the factor is not a number of at least 1.
    """

    kind: ClassVar[str] = "slowdown"

    at_most: float

    def __post_init__(self) -> None:
        if isinstance(self.at_most, bool) or not isinstance(self.at_most, int | float) or not self.at_most >= 1:
            raise DeclarationError(
                f"slowdown: at_most={self.at_most!r} is not a factor of at least 1; write 2.0 for twice as long; nothing was judged"
            )

    def __str__(self) -> str:
        return f"answers during the fault take at most {self.at_most:g} times as long as before it"

    def judge(self, history: History) -> Finding:
        """Compare two medians of the same run."""
        windows = fault_windows(history)
        answered = [o for o in history.operations if o.outcome == "ok"]
        before = [o.latency_ns for o in answered if phase_of(o, windows) == "before"]
        during = [o.latency_ns for o in answered if phase_of(o, windows) == "during"]
        if min(len(before), len(during)) < LEAST_REQUESTS:
            statement = (
                f"{len(before)} answers before the fault and {len(during)} during it are too few to compare; {LEAST_REQUESTS} of each are needed"
            )
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={"before": len(before), "during": len(during)})
        healthy, faulted = percentile(before, 50).value, percentile(during, 50).value
        verdict: Verdict = "held" if faulted <= self.at_most * healthy else "violated"
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=self._statement(healthy, faulted, _least_added_ns(history), verdict),
            numbers={
                "before_p50_ms": in_ms(healthy),
                "during_p50_ms": in_ms(faulted),
                "factor": round(faulted / healthy, 3),
                "tolerated": self.at_most,
            },
        )

    def _statement(self, healthy: float, faulted: float, added_ns: float, verdict: Verdict) -> str:
        statement = (
            f"the median answer took {span(faulted)} during the fault and {span(healthy)} before it, {faulted / healthy:.1f} times as long; "
            f"{self.at_most:g} times, or {span(self.at_most * healthy)}, is tolerated"
        )
        if verdict == "held" or added_ns <= (self.at_most - 1) * healthy:
            return statement
        return (
            f"{statement}. The fault alone adds {span(added_ns)} to each answer that crosses the network once, "
            f"so no service that asks its database can stay within {self.at_most:g} times: choose a tolerance above "
            f"{(healthy + added_ns) / healthy:.0f}, or a smaller delay"
        )


def slowdown(*, at_most: float) -> Slowdown:
    """Expect the median answer during the fault to take at most so many times the median from before it; see ``Slowdown``."""
    return Slowdown(at_most=at_most)


def _least_added_ns(history: History) -> float:
    """Return the delay that the faults of the run add to a single crossing, as their parameters say."""
    delays = [fault.declared.parameters.get("delay_ms") for fault in history.faults if fault.armed]
    return sum(delay for delay in delays if isinstance(delay, int | float)) * NS_PER_MS
