"""
The difference of two shares, with an interval that stays honest near 0 and 1.

The plain interval (estimate and so many standard errors) has no width where nothing failed, which is where chaos tests mostly are. Newcombe's hybrid
takes Wilson's score limits of each share, and squares and adds how far each limit lies from its share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Difference", "share_difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first share less the second, and the interval that holds the true one with the level asked for."""

    value: float
    low: float
    high: float


def share_difference(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> Difference:
    """
    Return how much greater the first share is than the second.

    Args:
        first: Successes, and of how many.
        second: The same of another group, independent of the first.
        level: How likely the interval shall hold the true difference, between 0 and 1.

    Raises:
        DeclarationError: If a group is empty, has more successes than members, or the level is none.

    Source:
        Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998), method 10.
    """
    if not 0 < level < 1:
        raise DeclarationError(f"a level lies between 0 and 1, not at {level!r}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    (p1, l1, u1), (p2, l2, u2) = (_wilson(successes, count, z) for successes, count in (first, second))
    return Difference(value=p1 - p2, low=p1 - p2 - math.hypot(p1 - l1, u2 - p2), high=p1 - p2 + math.hypot(u1 - p1, p2 - l2))


def _wilson(successes: int, count: int, z: float) -> tuple[float, float, float]:
    """Return a share and its score limits."""
    if count < 1 or not 0 <= successes <= count:
        raise DeclarationError(f"{successes} successes of {count} are no share")
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return share, max(0.0, middle - reach), min(1.0, middle + reach)
