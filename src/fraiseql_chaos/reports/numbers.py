"""The numbers that every experiment has, whatever its faults: those that are compared between runs and summed up over repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.stats import Better
from fraiseql_chaos.verdicts import ChaosMetrics

__all__ = ["NUMBERS", "ExperimentNumber"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentNumber:
    """
    A number of every experiment.

    Attributes:
        name, what, unit, better: As for a metric of a baseline.
        phase, field: Where it stands in an experiment's metrics; an empty phase for none.
        scale: What the stored value is multiplied by to come to the unit.
    """

    name: str
    what: str
    unit: str
    better: Better
    phase: str
    field: str
    scale: float = 1.0

    def of(self, metrics: ChaosMetrics) -> float | None:
        """Read it off what was measured; None if there is none."""
        holder = getattr(metrics, self.phase) if self.phase else metrics
        value: float | None = getattr(holder, self.field)
        return None if value is None else value * self.scale


def _numbers() -> Iterator[ExperimentNumber]:
    for phase, when in (("before", "before the fault"), ("during", "during the fault"), ("after", "after the fault")):
        yield ExperimentNumber(
            name=f"availability_{phase}", what=f"answered rightly {when}", unit="%", better="higher", phase=phase, field="success_ratio", scale=100
        )
        for p in ("p50", "p95", "p99") if phase == "during" else ("p50", "p95"):
            yield ExperimentNumber(
                name=f"latency_{p}_{phase}", what=f"latency {p} {when}", unit="ms", better="lower", phase=phase, field=f"latency_{p}_ms"
            )
    for name, what, field in (
        ("detection", "until it was noticed", "time_to_detect_ms"),
        ("recovery", "until all succeeded again", "recovery_ms"),
        ("settling", "until it was as quick as before", "settled_ms"),
    ):
        yield ExperimentNumber(name=name, what=what, unit="ms", better="lower", phase="", field=field)


NUMBERS: Final = tuple(_numbers())
