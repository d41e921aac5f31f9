"""
What a baseline can tell: for each metric the change that does not count, and the one that would be found.

    repetitions of each metric ---- scatter --------------------+
    first half against second half, all metrics of a group      +--> tolerance, finds
        together ---- drift of the machine meanwhile -----------+

A metric that repeats to a per cent has the tolerance that a comparison has anyway. One that repeats to twenty can neither be proved equal nor different within five, however
true either is; its own tolerance is what its measured variation supports, the drift included, and with it stands the change that would still be found. Both follow
from the old baseline alone, before there is a new one: what counts as a change is settled before anybody sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.baselines.metric import Metric
from fraiseql_chaos.stats import Drift, Sensitivity, measure_drift, sensitivity

__all__ = ["TOLERANCE_LEAST_PERCENT", "TOLERANCE_MOST_PERCENT", "drift_by_group", "sensitivities"]

TOLERANCE_LEAST_PERCENT: Final = 5.0
"""The plan's own limit for the repeatability of a metric between runs: what differs by less is not told apart from the machine's moods."""

TOLERANCE_MOST_PERCENT: Final = 100.0
"""The plan's factor of two: what doubled has changed, however badly it repeats."""

LEAST_REPETITIONS: Final = 4
"""Of halves of one repetition nothing is known of their scatter, so no drift could be told from it."""


def drift_by_group(metrics: Sequence[Metric]) -> Mapping[str, float]:
    """
    Return how far the machine drifted while a collection was made, for each group of metrics.

    The first half of the repetitions is compared with the second, and what their scatter does not explain is drift. A group has none where it cannot be
    measured: of a single metric, of too few repetitions, or where all metrics have a value of 0.

    Returns:
        The standard deviation between two halves, on the scale of natural logarithms, rounded to 6 digits.
    """
    halves: defaultdict[str, list[tuple[Sequence[float], Sequence[float]]]] = defaultdict(list)
    for metric in metrics:
        middle = len(metric.repetitions) // 2
        # A metric that never varies, as a count of connections, says nothing of the machine's speed.
        if len(metric.repetitions) >= LEAST_REPETITIONS and min(metric.repetitions) > 0 and metric.sd > 0:
            halves[metric.group].append((metric.repetitions[:middle], metric.repetitions[middle:]))
    groups = sorted({metric.group for metric in metrics})
    return MappingProxyType({group: round(measure_drift([halves[group]]).sd, 6) if len(halves[group]) > 1 else 0.0 for group in groups})


def sensitivities(metrics: Sequence[Metric], drift: Mapping[str, float] | None = None) -> Mapping[str, Sensitivity]:
    """
    Return what can be told of each metric of a baseline, by name, if all of them are compared with another collection of as many repetitions.

    Args:
        metrics: Of the baseline.
        drift: By group; measured of these metrics if None.
    """
    drift = drift_by_group(metrics) if drift is None else drift
    return MappingProxyType(
        {
            metric.name: sensitivity(
                metric.repetitions,
                at_least=TOLERANCE_LEAST_PERCENT,
                at_most=TOLERANCE_MOST_PERCENT,
                tests=len(metrics),
                drift=Drift(sd=drift[metric.group]),
            )
            for metric in metrics
        }
    )
