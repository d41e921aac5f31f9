"""How ranks fall when nothing is going on: counted out by SciPy, and by hand."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, wilcoxon

from fraiseql_chaos.stats.ranks import EXACT_MAX, rank_sum_below, signed_rank_below


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (4, 2), (4, 4)])
def test_rank_sum_is_what_all_interleavings_give(n: int, m: int) -> None:
    sums = [sum(place - i for i, place in enumerate(places)) for places in combinations(range(n + m), n)]

    assert rank_sum_below(n, m) == pytest.approx([np.mean(np.array(sums) <= u) for u in range(n * m + 1)])


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_signed_rank_is_what_all_signs_give(n: int) -> None:
    sums = np.array([sum(rank for rank, up in enumerate(signs, 1) if up) for signs in product((0, 1), repeat=n)])

    assert signed_rank_below(n) == pytest.approx([np.mean(sums <= v) for v in range(n * (n + 1) // 2 + 1)])


@pytest.mark.parametrize(("n", "m"), [(10, 10), (7, 12), (30, 25)])
def test_rank_sum_is_the_one_that_scipy_counts_out(n: int, m: int) -> None:
    drawn = np.random.default_rng(3).normal(size=n + m)
    theirs = mannwhitneyu(drawn[:n], drawn[n:], alternative="less", method="exact")

    assert rank_sum_below(n, m)[int(theirs.statistic)] == pytest.approx(theirs.pvalue, rel=1e-9)


@pytest.mark.parametrize("n", [6, 15, 40])
def test_signed_rank_is_the_one_that_scipy_counts_out(n: int) -> None:
    theirs = wilcoxon(np.random.default_rng(4).normal(size=n), alternative="less", method="exact")

    assert signed_rank_below(n)[int(theirs.statistic)] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_beyond_what_is_counted_out_the_normal_distribution_is_near() -> None:
    """Method: the approximation one value beyond the limit, against SciPy's exact count; in the tail that intervals are read off."""
    ours = rank_sum_below(EXACT_MAX + 1, 20)
    place = int(np.searchsorted(ours, 0.025))
    old, new = np.arange(EXACT_MAX + 1.0), np.full(20, 0.5)
    theirs = mannwhitneyu(old, new + np.arange(20) * 1e-3, alternative="less", method="exact")

    assert 0.02 <= ours[place] <= 0.03
    assert signed_rank_below(EXACT_MAX + 1)[-1] == pytest.approx(1, abs=1e-6)
    assert theirs.pvalue > 1 - 1e-6
    assert ours[int(theirs.statistic)] > 1 - 1e-6
