"""
By how much one sample lies beside another, or beside zero, when a few of its values may be wild: the Hodges-Lehmann estimates.

Two samples: all n*m differences "new minus old"; the estimate is their median, and the interval's ends are the k-th smallest and the k-th
greatest, with k taken from the rank-sum distribution. It is the set of all shifts that the Mann-Whitney test would not reject, so the two never
contradict each other. One stalled repetition of ten moves a mean without bound, and this estimate hardly.

One sample: the same with the n*(n+1)/2 averages of each value with each other and with itself (Walsh averages), and the signed-rank distribution. It
estimates the centre of a *symmetric* distribution, so give it differences or logarithms, not raw latencies.

The interval assumes that the samples have the same shape and independent values, and nothing about the shape. With too few values an end lies
beyond all differences: it is None, not a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.ranks import rank_sum_below, signed_rank_below
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level

__all__ = ["Shift", "centre", "differences", "hodges_lehmann", "middle"]

PAIRS_MAX = 4_000_000
"""How many differences are kept, 32 MB of them; two samples of 2000. Repetitions are tens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """
    A shift and its interval, in the unit of the values it was taken from.

    Attributes:
        estimate: The Hodges-Lehmann estimate; above 0 if the second sample lies higher.
        low, high: The interval's ends; None where the values are too few to give one.
        level: The least chance that the interval holds the true shift.
    """

    estimate: float
    low: float | None
    high: float | None
    level: float


def hodges_lehmann(old: Sequence[float] | Numbers, new: Sequence[float] | Numbers, *, level: float = 0.95) -> Shift:
    """
    Estimate by how much the new values lie above the old ones.

    Args:
        old: At least one number, in any order. They are the independent units: repetitions, not pooled requests.
        new: The same, in the same unit.
        level: How likely the interval shall hold the true shift, between 0 and 1.

    Returns:
        The shift, in the unit of the values.

    Raises:
        DeclarationError: If a sample is empty or holds what is no finite number, or the level is out of range.

    Source:
        Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963); Hollander, Wolfe and Chicken, 3rd edition, 4.2 and 4.3.
    """
    level = checked_level(level)
    sizes = len(old), len(new)
    return _from(differences(old, new), rank_sum_below(*sizes), level)


def centre(values: Sequence[float] | Numbers, *, level: float = 0.95) -> Shift:
    """
    Estimate the centre of one sample of paired differences, or of anything else that is symmetric about its centre.

    Args:
        values: At least one number, in any unit and order.
        level: How likely the interval shall hold the true centre, between 0 and 1.

    Returns:
        The centre, in the unit of the values.

    Raises:
        DeclarationError: If there are no values or one is no finite number, or the level is out of range.

    Source:
        Hodges and Lehmann (1963); Hollander, Wolfe and Chicken, 3rd edition, 3.2 and 3.3 (Walsh averages, Tukey's interval).
    """
    level = checked_level(level)
    numbers = checked(values, what="the values")
    _bounded(len(numbers) * (len(numbers) + 1) // 2)
    rows, columns = np.triu_indices(len(numbers))
    return _from(np.sort((numbers[rows] + numbers[columns]) / 2), signed_rank_below(len(numbers)), level)


def differences(old: Sequence[float] | Numbers, new: Sequence[float] | Numbers) -> Numbers:
    """
    Return every "new minus old", sorted: what the rank sum of the two samples is about.

    Raises:
        DeclarationError: If a sample is empty or holds what is no finite number, or the two are too large together.
    """
    before, after = checked(old, what="the old values"), checked(new, what="the new values")
    _bounded(len(before) * len(after))
    return np.sort(np.subtract.outer(after, before), axis=None)


def middle(ordered: Numbers) -> float:
    """Return the median of sorted numbers, of which there is at least one."""
    count = len(ordered)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def _from(ordered: Numbers, below: Numbers, level: float) -> Shift:
    """
    Read the interval off the sorted differences.

    The true shift lies below the k-th smallest difference (from 1) when at most k - 1 of them do not exceed it, so with a chance of
    P(U <= k - 1); the greatest such k within the tail is taken, and mirrored for the other end.
    """
    places = int(np.searchsorted(below, (1 - level) / 2, side="right"))
    return Shift(
        estimate=middle(ordered),
        low=float(ordered[places - 1]) if places else None,
        high=float(ordered[-places]) if places else None,
        level=level,
    )


def _bounded(pairs: int) -> None:
    """Refuse what would not fit into memory."""
    if pairs > PAIRS_MAX:
        raise DeclarationError(
            f"{pairs} pairs of values are too many, at most {PAIRS_MAX} are compared: give repetitions, not requests; nothing was computed"
        )
