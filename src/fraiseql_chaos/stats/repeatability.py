"""
How well a number repeats: mean, spread, and the coefficient of variation with the interval that so few repetitions deserve.

The coefficient of variation is the standard deviation in per cent of the mean. Of ten repetitions it is known to about -30 % and +85 % of itself, so "repeats within 5 %" seen at
4.1 is no proof: the upper end is what may be promised. The interval is Vangel's change of McKay's, for roughly normal values with a coefficient under a third, as
means and percentiles of many requests have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level

__all__ = ["Repeatability", "repeatability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """
    How well a number repeats.

    Attributes:
        mean, sd: Mean and standard deviation of the repetitions, in their unit.
        mean_low, mean_high: The interval of the true mean (Student), in the same unit.
        cv: The standard deviation in per cent of the mean.
        cv_low, cv_high: Its interval; ``cv_high`` is None where the values scatter too much to give one.
        level: The chance that each interval holds the true value.
        count: How many repetitions.
    """

    mean: float
    sd: float
    mean_low: float
    mean_high: float
    cv: float
    cv_low: float
    cv_high: float | None
    level: float
    count: int


def repeatability(values: Sequence[float] | Numbers, *, level: float = 0.95) -> Repeatability:
    """
    Tell how well a number repeats.

    Args:
        values: One number a repetition, at least two, in any unit; their mean is above 0.
        level: How likely each interval shall hold the true value, between 0 and 1.

    Raises:
        DeclarationError: If values are too few or no finite numbers, their mean is not above 0, or the level is out of range.

    Source:
        Vangel, "Confidence Intervals for a Normal Coefficient of Variation", The American Statistician 50 (1996).
    """
    numbers, level = checked(values, what="the repetitions", at_least=2), checked_level(level)
    mean, sd, count = float(numbers.mean()), float(numbers.std(ddof=1)), len(numbers)
    if mean <= 0:
        raise DeclarationError(f"a coefficient of variation is of a mean above 0, not of {mean:g}; nothing was computed")
    from scipy.special import chdtri, stdtrit  # noqa: PLC0415  SciPy is imported by what needs it, so that the command's help stays quick

    reach = float(stdtrit(count - 1, (1 + level) / 2)) * sd / math.sqrt(count)
    few, many = (float(chdtri(count - 1, tail)) for tail in ((1 + level) / 2, (1 - level) / 2))
    low, high = _vangel(sd / mean, many, count), _vangel(sd / mean, few, count)
    return Repeatability(
        mean=mean,
        sd=sd,
        mean_low=mean - reach,
        mean_high=mean + reach,
        cv=100 * sd / mean,
        cv_low=100 * (low or 0.0),
        cv_high=None if high is None else 100 * high,
        level=level,
        count=count,
    )


def _vangel(share: float, quantile: float, count: int) -> float | None:
    """Return an end of the interval from the chi-squared quantile that belongs to it; None where the approximation has no end."""
    inside = ((quantile + 2) / count - 1) * share**2 + quantile / (count - 1)
    return share / math.sqrt(inside) if inside > 0 else None
