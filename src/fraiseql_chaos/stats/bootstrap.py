"""
An interval for any number that can be computed from a sample, by drawing the sample again from itself.

For what has no interval of its own: a ratio of percentiles, a trimmed mean. Bias-corrected and accelerated (BCa), which follows a skewed statistic where the plain
percentile interval does not. It knows only the values that were seen: under some 15 of them it is too short, and for a high percentile of few values
it is wrong (use ``percentile``, whose interval is right for any number).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level

__all__ = ["Estimated", "bootstrap_interval"]

RESAMPLES = 4_999
"""Enough for ends that move by about a fiftieth of the interval's length from seed to seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """
    A number computed from a sample, and its interval, in the unit that the statistic gives.

    Attributes:
        estimate: The statistic of the sample.
        low, high: The interval's ends.
        level: The chance that the interval holds the true value, for samples that are not small.
    """

    estimate: float
    low: float
    high: float
    level: float


def bootstrap_interval(
    values: Sequence[float] | Numbers, statistic: Callable[[Numbers], float], *, seed: int, level: float = 0.95, resamples: int = RESAMPLES
) -> Estimated:
    """
    Estimate a statistic with its BCa bootstrap interval.

    Args:
        values: At least two independent numbers, in any unit and order.
        statistic: From an array to a number.
        seed: What decides the draws: the same seed gives the same interval.
        level: How likely the interval shall hold the true value, between 0 and 1.
        resamples: How often the sample is drawn again, at least 100.

    Raises:
        DeclarationError: If values are too few or no finite numbers, or the level or the number of resamples is out of range.

    Source:
        Efron, "Better Bootstrap Confidence Intervals", Journal of the American Statistical Association 82 (1987), as ``scipy.stats.bootstrap``.
    """
    numbers, level = checked(values, what="the values", at_least=2), checked_level(level)
    if resamples < 100:
        raise DeclarationError(f"a bootstrap draws at least 100 times, not {resamples}; nothing was computed")
    from scipy.stats import bootstrap  # noqa: PLC0415  takes a second to import

    estimate = float(statistic(numbers))
    if numbers.min() == numbers.max():
        return Estimated(estimate=estimate, low=estimate, high=estimate, level=level)
    drawn = bootstrap(
        (numbers,), statistic, vectorized=False, n_resamples=resamples, confidence_level=level, method="BCa", rng=np.random.default_rng(seed)
    ).confidence_interval
    if not (math.isfinite(drawn.low) and math.isfinite(drawn.high)):
        raise DeclarationError(
            "the statistic hardly varies over the resamples, so they give no interval; take another statistic. Nothing was computed"
        )
    return Estimated(estimate=estimate, low=float(drawn.low), high=float(drawn.high), level=level)
