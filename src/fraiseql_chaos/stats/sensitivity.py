"""
What a comparison of one metric can tell, from how well the metric repeats: worked out before anything is compared.

Two questions about a metric of which n repetitions are known, if n more are taken later of the same service:

    within what tolerance will they be *shown* to be the same?        -> tolerance
    how much worse must it get to be found, among so many metrics?    -> finds

        old = new                                                   worse
    -----|---- tolerance ----|- - - - - - - - - - - - - - - - - -|------->  change
         '- shown equal in   '- what changed by less than this    '- found in
            all but 1 of 40     does not count as worse              4 of 5 cases

Both follow from the ranks that ``comparison`` decides by. It claims what all but k of the n*n differences "new minus old" show, with k from the rank-sum distribution. Of values
that scatter by s, those differences scatter by s * sqrt(2), so the k-th lies ``s * sqrt(2) * z(1 - k / n^2)`` from their middle; and the middle itself, of two collections of one
service, lies off by chance: by the scatter of the Hodges-Lehmann estimate, ``s * sqrt(2 / n * pi / 3)``, and by the machine's drift, ``d * sqrt(2)``.

s is not known but measured of n values, and ten of them may look much calmer than they are. So the upper end of its interval is taken: the tolerance is what can be promised,
and not what would be nice. A change below it is never called worse, and that is the price of noise: ``finds`` says how high it is.

Sources: Hodges and Lehmann (1963); the scatter of a standard deviation is chi-squared (Kendall and Stuart, volume 1). Checked by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.drift import STILL, Drift
from fraiseql_chaos.stats.ranks import rank_sum_below
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level

__all__ = ["Sensitivity", "sensitivity"]

SAME_SHOWN: Final = 0.975
"""In which share of cases two collections of the same service shall be shown to be the same."""

FOUND: Final = 0.8
"""In which share of cases a change shall be found; the usual one of power analysis."""

SCATTER_LEVEL: Final = 0.9
"""How surely the scatter is no greater than what is reckoned with."""

_EFFICIENCY: Final = math.pi / 3
"""By how much the variance of the Hodges-Lehmann estimate exceeds that of the mean, of normal values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """
    What can be told of one metric; a change of a throughput is as large as that of a latency if both change by the same factor.

    Attributes:
        tolerance: The change in per cent within which an unchanged metric is shown to be unchanged.
        finds: The change for the worse in per cent that is found; None if there are too few repetitions to find any among so many metrics, or none under a
            thousandfold would be.
    """

    tolerance: float
    finds: float | None


def sensitivity(
    repetitions: Sequence[float],
    *,
    at_least: float,
    at_most: float,
    tests: int,
    drift: Drift = STILL,
    level: float = 0.95,
) -> Sensitivity:
    """
    Work out what can be told of a metric from its repetitions.

    Args:
        repetitions: One number a repetition, at least two, none below 0.
        at_least: The least tolerance in per cent: a change that nobody would act on, however well the metric repeats.
        at_most: The greatest one: what changed by more counts, however badly the metric repeats. It is then seldom shown to be unchanged.
        tests: With how many metrics, itself among them, it will be compared at once.
        drift: How the machine differs from itself.
        level: The level of confidence of the comparison.

    Returns:
        Both in per cent.

    Raises:
        DeclarationError: If there are fewer than two repetitions, one is negative or not finite, or a limit has no meaning.
    """
    tail, values = 1 - checked_level(level), checked(repetitions, what="the repetitions", at_least=2)
    if values.min() < 0 or not 0 < at_least <= at_most or tests < 1:
        raise DeclarationError(
            f"a sensitivity is of repetitions of at least 0, with tolerances 0 < {at_least!r} <= {at_most!r} and at least 1 test, not {tests!r}; nothing was computed"
        )
    from scipy.special import chdtri  # noqa: PLC0415  SciPy is imported by what needs it, so that the command's help stays quick

    count = len(values)
    scatter = _measured(values) * math.sqrt((count - 1) / float(chdtri(count - 1, SCATTER_LEVEL)))
    supported = _reach(count, scatter, drift, tail=tail, luck=SAME_SHOWN)
    zone = min(math.log1p(at_most / 100), max(math.log1p(at_least / 100), math.inf if supported is None else supported))
    beyond = _reach(count, scatter, drift, tail=tail / tests, luck=FOUND)
    found = None if beyond is None or zone + beyond > math.log(1000) else 100 * math.expm1(zone + beyond)
    return Sensitivity(tolerance=100 * math.expm1(zone), finds=found)


def _measured(values: Numbers) -> float:
    """Return the scatter on the scale of a comparison: of logarithms, or, of values that may be 0, in units of their median."""
    if values.min() > 0:
        return float(np.log(values).std(ddof=1))
    middle = float(np.median(values))
    return float(values.std(ddof=1)) / middle if middle else 0.0


def _reach(count: int, scatter: float, drift: Drift, *, tail: float, luck: float) -> float | None:
    """Return how far beyond the edge of a zone the true change must lie to be shown there in a share of ``luck`` of cases; None if it never is."""
    places = int(np.searchsorted(rank_sum_below(count, count), tail, side="right"))
    if not places:
        return None
    differences = scatter * math.sqrt(2) * NormalDist().inv_cdf(1 - places / count**2)
    centre = math.hypot(scatter * math.sqrt(2 / count * _EFFICIENCY), drift.sd * math.sqrt(2))
    return max(0.0, differences) + NormalDist().inv_cdf(luck) * centre
