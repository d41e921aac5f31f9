"""
Many questions asked at once.

Sixty metrics judged at 5 % each raise an alarm in 95 of 100 comparisons of a service with itself. Two ways to pay for that:

* *Holm* bounds the chance of even one false alarm among all. Whoever fails a build over one metric needs this one.
* *Benjamini-Hochberg* bounds the expected share of false ones among those that are named. Whoever reads a list of candidates needs this one.

Both give adjusted p values, to be compared with the level that was wanted for all together. Holm needs nothing of how the metrics hang together;
Benjamini-Hochberg is proved for independent ones and those that rise and fall together, as latencies of one service do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import Numbers, checked

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Sequence[float] | Numbers) -> tuple[float, ...]:
    """
    Adjust p values so that the chance of any false alarm among all is bounded.

    Args:
        p_values: Chances from 0 to 1; none at all is fine, and gives none.

    Returns:
        The adjusted ones, in the order given.

    Raises:
        DeclarationError: If one is no chance.

    Source:
        Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    chances = _chances(p_values)
    order = np.argsort(chances, kind="stable")
    stepped = np.maximum.accumulate(chances[order] * np.arange(len(chances), 0, -1))
    return _back(stepped, order)


def benjamini_hochberg(p_values: Sequence[float] | Numbers) -> tuple[float, ...]:
    """
    Adjust p values so that the expected share of false alarms among all alarms is bounded.

    Args:
        p_values: Chances from 0 to 1; none at all is fine, and gives none.

    Returns:
        The adjusted ones, in the order given.

    Raises:
        DeclarationError: If one is no chance.

    Source:
        Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995). The same as ``scipy.stats.false_discovery_control``, which
        costs a second to import.
    """
    chances = _chances(p_values)
    order = np.argsort(chances, kind="stable")
    scaled = chances[order] * len(chances) / np.arange(1, len(chances) + 1)
    return _back(np.minimum.accumulate(scaled[::-1])[::-1], order)


def _chances(p_values: Sequence[float] | Numbers) -> Numbers:
    """Return them as an array, if each is a chance."""
    chances = checked(p_values, what="the p values", at_least=0)
    if len(chances) and (chances.min() < 0 or chances.max() > 1):
        raise DeclarationError(f"a p value lies from 0 to 1, and these reach from {chances.min()} to {chances.max()}; nothing was computed")
    return chances


def _back(ordered: Numbers, order: np.ndarray) -> tuple[float, ...]:
    """Return the values in the order in which they were asked about, none above 1."""
    adjusted = np.empty_like(ordered)
    adjusted[order] = np.minimum(ordered, 1)
    return tuple(adjusted.tolist())
