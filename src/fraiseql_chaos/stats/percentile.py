"""
Percentiles, and how far they may be trusted.

Rule: *nearest rank*. The p-th percentile of n values is the one at place ``ceil(p * n / 100)`` of the sorted values, counted from 1.
It is always a value that was really measured, never an interpolation between two, and "the p-th percentile is at most L" says exactly
"at least p percent of the values are at most L". The place is computed in rationals: in floats, 99.9 % of 1000 is not 999.

The interval around it assumes nothing about the shape of the distribution, only that the values are independent draws from one: the
number of values below the true percentile is then binomial, so two places of the sorted values enclose it with a known chance. With
few values one end, or both, lies outside of what was measured; that end is None, not a guess. Latencies of neighbouring requests are
*not* quite independent (a queue remembers), so the interval is reported as a measure of sample size and decides no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Percentile", "nearest_rank", "percentile", "value_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """
    A percentile and its interval, in the unit of the values it was taken from.

    Attributes:
        p: Which one, in percent.
        value: The value at the nearest rank.
        low, high: The interval's ends; None where the values are too few to give one.
        confidence: The least chance that the interval holds the true percentile.
        count: How many values it was taken from.
    """

    p: float
    value: float
    low: float | None
    high: float | None
    confidence: float
    count: int


def nearest_rank(p: float, count: int) -> int:
    """
    Return the place of the p-th percentile among ``count`` sorted values, from 1.

    Args:
        p: In percent, above 0 and at most 100. Its decimal form counts: 99.9 is 999/1000.
        count: How many values there are, at least 1.

    Raises:
        DeclarationError: If ``p`` or ``count`` is out of range.

    Source:
        Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996), definition 1.
    """
    if not 0 < p <= 100:
        raise DeclarationError(f"a percentile is above 0 and at most 100, not {p!r}")
    if count < 1:
        raise DeclarationError("no value has no percentile; ask only when at least one was measured")
    return math.ceil(Fraction(str(p)) * count / 100)


def value_at(values: Sequence[float], p: float) -> float:
    """
    Take a percentile without its interval, which costs more than the percentile itself.

    Args:
        values: At least one number, in any order and any unit.
        p: In percent, above 0 and at most 100.

    Returns:
        The percentile, in the unit of ``values``.

    Raises:
        DeclarationError: If there are no values, or ``p`` is out of range.
    """
    return sorted(values)[nearest_rank(p, len(values)) - 1]


def percentile(values: Sequence[float], p: float, *, confidence: float = 0.95) -> Percentile:
    """
    Take a percentile with its distribution-free interval.

    Args:
        values: At least one number, in any order and any unit.
        p: In percent, above 0 and at most 100.
        confidence: How likely the interval shall hold the true percentile, between 0 and 1.

    Returns:
        The percentile, in the unit of ``values``.

    Raises:
        DeclarationError: If there are no values, or ``p`` or ``confidence`` is out of range.

    Source:
        David and Nagaraja, "Order Statistics", 3rd edition, section 7.1.
    """
    if not 0 < confidence < 1:
        raise DeclarationError(f"a confidence lies between 0 and 1, not at {confidence!r}")
    ordered = sorted(values)
    rank = nearest_rank(p, len(ordered))
    lower, upper = _enclosing_ranks(p / 100, len(ordered), (1 - confidence) / 2)
    return Percentile(
        p=p,
        value=ordered[rank - 1],
        low=ordered[lower - 1] if lower >= 1 else None,
        high=ordered[upper - 1] if upper <= len(ordered) else None,
        confidence=confidence,
        count=len(ordered),
    )


def _enclosing_ranks(share: float, count: int, tail: float) -> tuple[int, int]:
    """
    Return the places below and above the percentile, each missed with a chance of at most ``tail``.

    The true percentile lies below place ``l`` when fewer than ``l`` values lie below it, so the lower place is the greatest ``l`` with
    P(B <= l - 1) <= tail, and the upper one the least ``u`` with P(B <= u - 1) >= 1 - tail, for B binomial(count, share).
    """
    if share >= 1:
        return count, count + 1
    below, lower, upper = 0.0, 0, count + 1
    for successes in range(count + 1):
        below += _binomial(successes, count, share)
        if below <= tail:
            lower = successes + 1
        if below >= 1 - tail:
            upper = successes + 1
            break
    return lower, upper


def _binomial(successes: int, count: int, share: float) -> float:
    """Return the chance of exactly that many successes; by logarithms, because the factors overflow."""
    ways = math.lgamma(count + 1) - math.lgamma(successes + 1) - math.lgamma(count - successes + 1)
    return math.exp(ways + successes * math.log(share) + (count - successes) * math.log1p(-share))
