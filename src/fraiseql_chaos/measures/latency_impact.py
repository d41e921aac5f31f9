"""How much longer answers take under a fault than before it, in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import hodges_lehmann, value_at
from fraiseql_chaos.verdicts.requests import fault_windows, in_ms, phase_of
from fraiseql_chaos.verdicts.wording import span

__all__ = ["LatencyImpact"]

_LEAST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyImpact:
    """Measure the shift of the latency of right answers from before the fault to during it, with its interval, the ratio of the medians, and both tails."""

    kind: ClassVar[str] = "latency_impact"

    def __str__(self) -> str:
        return "latency during the fault, against before it"

    def take(self, history: History) -> Measurement:
        """Compare; a handful of answers on either side is the least that says anything."""
        windows = fault_windows(history)
        took = {
            phase: [float(o.latency_ns) for o in history.operations if o.outcome == "ok" and phase_of(o, windows) == phase]
            for phase in ("before", "during")
        }
        if min(map(len, took.values())) < _LEAST:
            counts = " and ".join(f"{len(values)} right answers {phase}" for phase, values in took.items())
            return Measurement(measure=self, numbers={}, statement=f"{counts} the fault are too few to compare; {_LEAST} are the least")
        shift = hodges_lehmann(took["before"], took["during"])
        before_ns, during_ns = (value_at(took[phase], 50) for phase in ("before", "during"))
        tails = {phase: value_at(values, 95) for phase, values in took.items()}
        low, high = (None if end is None else in_ms(end) for end in (shift.low, shift.high))
        between = "" if low is None or high is None else f" ({low:g} to {high:g} ms)"
        return Measurement(
            measure=self,
            numbers={
                "before_p50_ms": in_ms(before_ns),
                "during_p50_ms": in_ms(during_ns),
                "before_p95_ms": in_ms(tails["before"]),
                "during_p95_ms": in_ms(tails["during"]),
                "ratio": round(during_ns / before_ns, 4),
                "shift_ms": in_ms(shift.estimate),
                "shift_low_ms": low,
                "shift_high_ms": high,
            },
            statement=(
                f"the median went from {span(before_ns)} to {span(during_ns)}, the 95th percentile from {span(tails['before'])} to {span(tails['during'])};"
                f" the shift is {span(shift.estimate)}{between}"
            ),
        )
