"""
A share with an interval that never promises too much, whatever the true share is.

Wilson's (see ``wilson``) holds the true share as often as it says on the average over shares, and is the one to print. This one holds it at least as often for every
single share, and is longer: the one where a promise is at stake, as in "at most so many runs in a hundred are unsure".

Both assume independent trials. The requests of one outage are not; count experiments, or outages, instead.
"""

from __future__ import annotations

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import checked_level
from fraiseql_chaos.stats.wilson import Share

__all__ = ["clopper_pearson"]


def clopper_pearson(successes: int, count: int, *, level: float = 0.95, spread: float = 1.0) -> Share:
    """
    Return a share with its exact interval.

    Args:
        successes: How many of them.
        count: Of how many, at least 1.
        level: How likely, at least, the interval shall hold the true share, between 0 and 1.
        spread: By how much the variance of such a count exceeds that of independent trials, at least 1: so many times fewer trials it is worth.

    Raises:
        DeclarationError: If that is no share, or the level or the spread is none.

    Source:
        Clopper and Pearson, Biometrika 26 (1934), by quantiles of the beta distribution (``scipy.special.betaincinv``).
    """
    if count < 1 or not 0 <= successes <= count:
        raise DeclarationError(f"{successes} successes of {count} are no share; nothing was computed")
    if not spread >= 1:
        raise DeclarationError(f"a spread of {spread!r} is none: it is at least 1, for independent trials; nothing was computed")
    tail = (1 - checked_level(level)) / 2
    from scipy.special import betaincinv  # noqa: PLC0415  SciPy is imported by what needs it, so that the command's help stays quick

    return Share(
        value=successes / count,
        low=float(betaincinv(successes / spread, (count - successes) / spread + 1, tail)) if successes else 0.0,
        high=float(betaincinv(successes / spread + 1, (count - successes) / spread, 1 - tail)) if successes < count else 1.0,
    )
