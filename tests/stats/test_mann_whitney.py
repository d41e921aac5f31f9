"""Mann-Whitney: R's published example, all interleavings, ties, and false alarms counted."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata

from fraiseql_chaos.stats import mann_whitney
from simulations import is_at_least, is_at_most

AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
EARLY = [1.15, 0.88, 0.90, 0.74, 1.21]


def test_it_agrees_with_the_published_example() -> None:
    """Hollander and Wolfe, example 4.1, as in the manual of R's ``wilcox.test``: W = 35, p = 0.1272."""
    assert round(mann_whitney(EARLY, AT_TERM, alternative="greater"), 4) == 0.1272


@pytest.mark.parametrize("old", [[1.0, 2.0, 2.0, 3.0], [1.0, 1.5, 2.5, 2.75]])
def test_with_few_values_it_is_the_share_of_all_interleavings_also_with_ties(old: list[float]) -> None:
    new = [2.0, 3.0, 3.5, 4.0, 5.0]
    ranks = rankdata([*old, *new])
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(9), 5)])

    assert mann_whitney(old, new, alternative="greater") == pytest.approx(np.mean(sums >= ranks[4:].sum() - 1e-9))


def test_false_alarms_are_bounded_a_shift_is_found_and_pooled_requests_raise_false_alarms() -> None:
    """Method: 10 against 10, 600 times alike, and 200 times shifted by 1.5 deviations; then 20 requests of each repetition pooled."""
    rng, runs = np.random.default_rng(31), 600
    alike = sum(mann_whitney(*rng.exponential(size=(2, 10))) <= 0.05 for _ in range(runs))
    shifted = sum(mann_whitney(rng.normal(size=10), rng.normal(1.5, size=10)) <= 0.05 for _ in range(200))
    pooled = sum(mann_whitney(*(rng.normal(size=(2, 10, 1)) + rng.normal(size=(2, 10, 20))).reshape(2, 200)) <= 0.05 for _ in range(100))

    assert is_at_most(alike, runs, 0.05)
    assert is_at_least(shifted, 200, 0.85)
    assert not is_at_most(pooled, 100, 0.05)


def test_false_alarms_are_bounded_with_ties() -> None:
    rng = np.random.default_rng(32)

    assert is_at_most(sum(mann_whitney(*rng.integers(0, 4, size=(2, 6)).astype(float)) <= 0.05 for _ in range(80)), 80, 0.05)


def test_values_that_are_all_the_same_say_nothing() -> None:
    assert mann_whitney([2.0, 2.0], [2.0, 2.0, 2.0]) == 1.0


def test_the_seed_decides_where_permutations_are_drawn() -> None:
    old, new = [float(i % 5) for i in range(10)], [float(i % 5 + i % 2) for i in range(10)]

    assert mann_whitney(old, new, seed=1) == mann_whitney(old, new, seed=1) == pytest.approx(mann_whitney(old, new, seed=2), abs=0.02)
