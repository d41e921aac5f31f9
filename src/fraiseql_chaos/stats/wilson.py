"""
A share with an interval that stays honest near 0 and 1, where the plain one (estimate and so many standard errors) has no width.

It is the set of all true shares that a score test would not reject for the share that was seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Share", "wilson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share, 0 to 1, and the interval that holds the true one with the level asked for."""

    value: float
    low: float
    high: float


def wilson(successes: int, count: int, *, level: float = 0.95) -> Share:
    """
    Return a share with its score interval.

    Args:
        successes: How many of them.
        count: Of how many, at least 1.
        level: How likely the interval shall hold the true share, between 0 and 1.

    Raises:
        DeclarationError: If that is no share, or the level is none.

    Source:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not 0 < level < 1:
        raise DeclarationError(f"a level lies between 0 and 1, not at {level!r}; nothing was computed")
    if count < 1 or not 0 <= successes <= count:
        raise DeclarationError(f"{successes} successes of {count} are no share; nothing was computed")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    # Rounding must not push an end past a share of exactly 0 or 1.
    low, high = (0.0 if successes == 0 else middle - reach), (1.0 if successes == count else middle + reach)
    return Share(value=share, low=low, high=high)
