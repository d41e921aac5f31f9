"""
What one repetition came to, and how repetitions become metrics.

A reading is one metric's value in one repetition: the median, a percentile or a rate of its samples, or a count. The samples go along, for the
pooled percentiles of the metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fraiseql_chaos.baselines import Better, Metric
from fraiseql_chaos.errors import InternalError

__all__ = ["Reading", "metrics_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    One metric in one repetition.

    Attributes:
        group, what, unit, better, limit: See ``Metric``.
        value: What this repetition says.
        samples: What it was taken from, in the same unit; empty where the metric is not of the samples' kind.
    """

    group: str
    what: str
    unit: str
    better: Better
    limit: float
    value: float
    samples: tuple[float, ...] = ()


def metrics_of(repetitions: Sequence[Mapping[str, Reading]]) -> tuple[Metric, ...]:
    """
    Put repetitions together, metric by metric, in the order of their names.

    Raises:
        InternalError: If a repetition lacks a metric that another has.
    """
    names = {*repetitions[0]}
    for number, readings in enumerate(repetitions, 1):
        if readings.keys() != names:
            raise InternalError(f"repetition {number} and the first do not measure the same: {sorted(readings.keys() ^ names)}")
    return tuple(_metric(name, [readings[name] for readings in repetitions]) for name in sorted(names))


def _metric(name: str, readings: Sequence[Reading]) -> Metric:
    first = readings[0]
    return Metric.of(
        name=name,
        group=first.group,
        what=first.what,
        unit=first.unit,
        better=first.better,
        limit=first.limit,
        repetitions=[reading.value for reading in readings],
        pooled=[sample for reading in readings for sample in reading.samples],
    )
