"""
A collection compared with itself: its odd repetitions against its even ones, by the test that comparisons use.

Nothing has changed between the two, so every change it reports is a false alarm, and their share says how far judging by this baseline can be
trusted on this machine. Odd against even, and not first half against second, because a machine that grew slower meanwhile is no news about the
test; it shows in the variation of each metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scipy.stats import mannwhitneyu

from fraiseql_chaos.baselines import AACheck, Metric

__all__ = ["self_check"]

LEVEL: Final = 0.05

LEAST_REPETITIONS: Final = 8
"""Of fewer than four against four no ranking is rare enough to be called a change, so the test could not raise an alarm, and would say nothing."""


def self_check(metrics: Sequence[Metric]) -> AACheck | None:
    """
    Compare a collection with itself.

    Returns:
        What that came to; None if there are too few repetitions for the test to find anything.
    """
    if min((len(metric.repetitions) for metric in metrics), default=0) < LEAST_REPETITIONS:
        return None
    chances = [float(mannwhitneyu(metric.repetitions[::2], metric.repetitions[1::2]).pvalue) for metric in metrics]
    return AACheck(
        test=f"Mann-Whitney of odd against even repetitions; uncorrected, so that the rate can be set against the level of {LEVEL:g}",
        level=LEVEL,
        compared=len(metrics),
        alarms=tuple(metric.name for metric, p in zip(metrics, chances, strict=True) if p < LEVEL),
        inconclusive=(),
    )
