"""
What an expectation keeps of a baseline: the few numbers it compares with, and whose they are.

An expectation is stored beside the history and judged again elsewhere, without the baseline's file. So it carries the numbers themselves, with
their intervals, and says of which machine and service they are; if the history is of another, whoever judges can see it.

The metric is the median latency with *one request in flight*. A suite's load is open, at a rate far below what the service can do, so that nearly
every request meets an idle service, as the only one in flight does. Under a fault requests pile up; that they then wait for each other is
part of what is measured, and must not be part of the yardstick.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.baselines.naming import OPERATION_NAMES, latency_metric
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History

__all__ = ["Mark", "Yardstick"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """
    How long an operation takes in health.

    Attributes:
        operation: Its name in the workload.
        metric: Its name in the baseline.
        median_ms: The mean of the repetitions' medians.
        low_ms, high_ms: The ends of its 95 % interval.
        noisy: Whether it repeated worse than its limit.
    """

    operation: str
    metric: str
    median_ms: float
    low_ms: float
    high_ms: float
    noisy: bool

    def __post_init__(self) -> None:
        if not (self.low_ms <= self.median_ms <= self.high_ms < float("inf") and self.median_ms > 0):
            raise DeclarationError(
                f"{self.metric}: {self.median_ms!r} ms, from {self.low_ms!r} to {self.high_ms!r}, is no time to compare with; nothing was judged"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """
    The latencies of a baseline, and whose they are.

    Attributes:
        created, seed: Which baseline it is.
        machine: The id of the machine it is of.
        target: What was measured.
        marks: One for each operation that it knows; at least one.
    """

    created: str
    seed: int
    machine: str
    target: JsonObject
    marks: tuple[Mark, ...]

    def __post_init__(self) -> None:
        if not self.marks:
            raise DeclarationError("the baseline has no latency of any operation with one request in flight; nothing was judged")

    @classmethod
    def of(cls, baseline: Baseline) -> Self:
        """
        Keep what is needed of a baseline.

        Raises:
            DeclarationError: If it has no latency with one request in flight.
        """
        return cls(
            created=baseline.created,
            seed=baseline.seed,
            machine=str(baseline.machine["id"]),
            target=baseline.target,
            marks=tuple(_marks(baseline)),
        )

    def differs(self, history: History) -> tuple[str, ...]:
        """Return in what a history is of something else, one phrase each; empty if it is of the same."""
        machine, target = history.begin.machine.get("id"), history.begin.target
        elsewhere = () if machine == self.machine else (f"machine {self.machine}, not {machine}",)
        keys = sorted({*self.target, *target})
        return (*elsewhere, *(f"{key} {self.target.get(key)}, not {target.get(key)}" for key in keys if self.target.get(key) != target.get(key)))


def _marks(baseline: Baseline) -> Iterator[Mark]:
    """Yield the operations that the baseline knows, under the names that a history has for them."""
    known = {latency_metric(name): name for name in OPERATION_NAMES}
    for metric in baseline.metrics:
        stem, _, statistic = metric.name.partition(".c1.")
        if statistic != "latency_p50" or not stem.startswith("query.") or metric.mean <= 0:
            continue
        low_ms, high_ms = metric.interval95
        yield Mark(
            operation=known.get(metric.name, stem.removeprefix("query.")),
            metric=metric.name,
            median_ms=metric.mean,
            low_ms=low_ms,
            high_ms=high_ms,
            noisy=metric.noisy,
        )
