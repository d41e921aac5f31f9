"""
What an experiment measured, verdict or none: the numbers that the plan calls ``ChaosMetrics``, with units in their names.

Latency is counted over right answers, from the planned instant; service time over the same answers, from the real send. Errors are
counted apart, by cause, because the time of an error is no latency. Requests that were given up are counted as what they are,
indeterminate or failed: no percentile here pretends to know how long they would have taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.requests import PHASES, Phase, fault_windows, in_ms, phase_of
from fraiseql_chaos.verdicts.timing import detection, recovery

__all__ = ["ChaosMetrics", "PhaseMetrics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseMetrics:
    """
    The requests of one phase.

    Attributes:
        requests, ok, fail, indeterminate: Counts.
        success_ratio: ``ok / requests``; None without requests.
        latency_p50_ms, latency_p95_ms, latency_p99_ms, latency_max_ms: Of right answers, from the planned instant; None without any.
        service_p50_ms, service_p95_ms, service_p99_ms: Of the same answers, from the real send.
        causes: How often each cause of a failure was met, by name.
    """

    requests: int
    ok: int
    fail: int
    indeterminate: int
    success_ratio: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    service_p50_ms: float | None
    service_p95_ms: float | None
    service_p99_ms: float | None
    causes: dict[str, int]

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Self:
        """Measure these requests."""
        asked = tuple(operations)
        outcomes = Counter(o.outcome for o in asked)
        latencies_ns = [o.latency_ns for o in asked if o.outcome == "ok"]
        services_ns = [o.service_ns for o in asked if o.outcome == "ok" and o.service_ns is not None]
        return cls(
            requests=len(asked),
            ok=outcomes["ok"],
            fail=outcomes["fail"],
            indeterminate=outcomes["indeterminate"],
            success_ratio=round(outcomes["ok"] / len(asked), 6) if asked else None,
            latency_p50_ms=_percentile_ms(latencies_ns, 50),
            latency_p95_ms=_percentile_ms(latencies_ns, 95),
            latency_p99_ms=_percentile_ms(latencies_ns, 99),
            latency_max_ms=_percentile_ms(latencies_ns, 100),
            service_p50_ms=_percentile_ms(services_ns, 50),
            service_p95_ms=_percentile_ms(services_ns, 95),
            service_p99_ms=_percentile_ms(services_ns, 99),
            causes=dict(sorted(Counter(o.cause for o in asked if o.outcome != "ok").items())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosMetrics:
    """
    What one experiment measured.

    Attributes:
        overall: All requests.
        before, during, after: The requests before the first fault, touched by one, and later.
        time_to_detect_ms: From the earliest bite to the first sign of it; None if nothing showed it, or nothing was armed.
        recovery_ms: From the last heal to the first answer of the last unbroken run of successes; None if there was none.
        settled_ms: From the last heal to when latency was back for good; None if it was not, or nobody can tell.
        generator_lag_max_ms: How late the latest request was sent; None if none was.
    """

    overall: PhaseMetrics
    before: PhaseMetrics
    during: PhaseMetrics
    after: PhaseMetrics
    time_to_detect_ms: float | None
    recovery_ms: float | None
    settled_ms: float | None
    generator_lag_max_ms: float | None

    @classmethod
    def of(cls, history: History) -> Self:
        """Measure a whole experiment."""
        windows = fault_windows(history)
        phases: dict[Phase, list[Operation]] = {phase: [] for phase in PHASES}
        for operation in history.operations:
            phases[phase_of(operation, windows)].append(operation)
        noticed, back = detection(history), recovery(history)
        lags_ns = [o.sent_ns - o.planned_ns for o in history.operations if o.sent_ns is not None]
        return cls(
            overall=PhaseMetrics.of(history.operations),
            before=PhaseMetrics.of(phases["before"]),
            during=PhaseMetrics.of(phases["during"]),
            after=PhaseMetrics.of(phases["after"]),
            time_to_detect_ms=in_ms(noticed.at_ns - noticed.bite_ns) if noticed and noticed.at_ns is not None else None,
            recovery_ms=in_ms(back.at_ns - back.heal_ns) if back and back.at_ns is not None else None,
            settled_ms=in_ms(back.settled_ns - back.heal_ns) if back and back.settled_ns is not None else None,
            generator_lag_max_ms=in_ms(max(lags_ns)) if lags_ns else None,
        )


def _percentile_ms(spans_ns: list[int], p: float) -> float | None:
    return in_ms(value_at(spans_ns, p)) if spans_ns else None
