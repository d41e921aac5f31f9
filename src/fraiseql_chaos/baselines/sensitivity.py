"""
What a baseline can tell: for each metric the change that does not count, and the one that would be found.

    repetitions of a metric -- their scatter ------------------------+
    first half against second half -- what scatter does not explain -+--> tolerance, finds

A metric that repeats to a per cent has the tolerance that a comparison has anyway. One that repeats to twenty can neither be proved equal nor different within five, however
true either is; its own tolerance is what its measured variation supports, the drift of the machine meanwhile included, and with it stands the change that would still be found. Both follow
from the old baseline alone, before there is a new one: what counts as a change is settled before anybody sees it.

The drift is that of each metric alone. That of a group would be known better, but is ruled by its noisiest metrics, and memory that repeats to a per cent does not drift because processor time does.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.baselines.metric import Metric
from fraiseql_chaos.stats import Drift, Sensitivity, sensitivity

__all__ = ["TOLERANCE_LEAST_PERCENT", "TOLERANCE_MOST_PERCENT", "drift_of", "sensitivities"]

TOLERANCE_LEAST_PERCENT: Final = 5.0
"""The plan's own limit for the repeatability of a metric between runs: what differs by less is not told apart from the machine's moods."""

TOLERANCE_MOST_PERCENT: Final = 100.0
"""The plan's factor of two: what doubled has changed, however badly it repeats."""

LEAST_REPETITIONS: Final = 4
"""Of halves of one repetition nothing is known of their scatter, so no drift could be told from it."""


def drift_of(repetitions: Sequence[float]) -> float:
    """
    Return how far a metric drifted while its repetitions were made: by how much the second half differs from the first beyond what their scatter explains.

    Returns:
        The standard deviation between two halves, on the scale of natural logarithms, rounded to 6 digits; 0 where it cannot be measured, of fewer than four
        repetitions or where one is 0.
    """
    if len(repetitions) < LEAST_REPETITIONS or min(repetitions) <= 0:
        return 0.0
    logs, middle = [math.log(value) for value in repetitions], len(repetitions) // 2
    halves = logs[:middle], logs[middle:]
    apart = statistics.fmean(halves[1]) - statistics.fmean(halves[0])
    explained = sum(statistics.variance(half) / len(half) for half in halves)
    return round(math.sqrt(max(0.0, apart**2 - explained) / 2), 6)


def sensitivities(metrics: Sequence[Metric]) -> Mapping[str, Sensitivity]:
    """Return what can be told of each metric of a baseline, by name, if all of them are compared with another collection of as many repetitions."""
    return MappingProxyType(
        {
            metric.name: sensitivity(
                metric.repetitions,
                at_least=TOLERANCE_LEAST_PERCENT,
                at_most=TOLERANCE_MOST_PERCENT,
                tests=len(metrics),
                drift=Drift(sd=drift_of(metric.repetitions)),
            )
            for metric in metrics
        }
    )
