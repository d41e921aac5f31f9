"""
How ranks fall when nothing is going on: the null distributions of the rank sum and of the signed rank.

*Rank sum.* Of n and m values drawn alike, every interleaving is equally likely. U counts the pairs in which the second sample's value is the
greater. How many of the C(n+m, n) interleavings have U = u is the coefficient of x^u in the Gaussian binomial

    [n+m over n] = prod over i = 1..n of (1 - x^(m+i)) / (1 - x^i)

*Signed rank.* Of n values symmetric about 0, every sign is equally likely. V is the sum of the ranks of the positive ones, and the ways to V = v
are the coefficient of x^v in the product of (1 + x^i).

Both are exact, in whole numbers, up to ``EXACT_MAX`` values a sample; beyond, the normal distribution with a correction for continuity is off by
less than what is printed. Ties are not looked at here: inverting a test to an interval with these distributions is conservative under ties.

Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947); Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd edition, 3.1 and 4.1.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np

from fraiseql_chaos.stats.sample import Numbers

__all__ = ["EXACT_MAX", "rank_sum_below", "signed_rank_below"]

EXACT_MAX = 50
"""Values a sample up to which the distribution is counted out; SciPy's own ``mannwhitneyu`` and ``wilcoxon`` switch at 8 and 50."""


@cache
def rank_sum_below(n: int, m: int) -> Numbers:
    """Return P(U <= u) for u = 0 .. n*m, for samples of n and m values without ties, drawn alike."""
    if max(n, m) > EXACT_MAX:
        return _normal(n * m, math.sqrt(n * m * (n + m + 1) / 12))
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for u in range(n * m, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, n * m + 1):
            ways[u] += ways[u - i]
    return _shares(ways)


@cache
def signed_rank_below(n: int) -> Numbers:
    """Return P(V <= v) for v = 0 .. n*(n+1)/2, for n values without ties, symmetric about 0."""
    top = n * (n + 1) // 2
    if n > EXACT_MAX:
        return _normal(top, math.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    ways = [1] + [0] * top
    for rank in range(1, n + 1):
        for v in range(top, rank - 1, -1):
            ways[v] += ways[v - rank]
    return _shares(ways)


def _shares(ways: list[int]) -> Numbers:
    """Return the running sum of whole numbers as shares of their total; summed before the division, so that it ends in exactly 1."""
    total, below, shares = sum(ways), 0, []
    for count in ways:
        below += count
        shares.append(below / total)
    return _frozen(np.array(shares))


def _normal(top: int, sd: float) -> Numbers:
    """Return the normal distribution about the middle of 0 .. ``top``, corrected for continuity."""
    spread = NormalDist(0, sd)
    return _frozen(np.array([spread.cdf(value + 0.5 - top / 2) for value in range(top + 1)]))


def _frozen(shares: Numbers) -> Numbers:
    """Return the array closed to writing, because it is kept and handed out again."""
    shares.setflags(write=False)
    return shares
