"""Equivalence: SciPy's one-sided tests, and that it claims nothing that is not so."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, ttest_ind

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import Equivalence, mann_whitney, tost, tost_ranks
from simulations import is_at_least, is_at_most

BOTH = pytest.mark.parametrize("test", [tost, tost_ranks])


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(10, 1, size=9), rng.normal(10.3, 2, size=12)


@pytest.mark.parametrize("seed", range(5))
def test_welchs_is_the_worse_of_scipys_two_one_sided_tests(seed: int) -> None:
    old, new = drawn(seed)
    above, below = (ttest_ind(new + off, old, equal_var=False, alternative=side).pvalue for off, side in ((2.0, "greater"), (-2.0, "less")))

    assert tost(old, new, margin=2.0).p == pytest.approx(max(above, below))


@pytest.mark.parametrize("seed", range(5))
def test_that_of_ranks_is_the_worse_of_scipys_two_one_sided_tests(seed: int) -> None:
    old, new = drawn(seed)
    above, below = (mannwhitneyu(new + off, old, method="exact", alternative=side).pvalue for off, side in ((2.0, "greater"), (-2.0, "less")))

    assert tost_ranks(old, new, margin=2.0).p == pytest.approx(max(above, below))


@BOTH
def test_it_claims_no_equivalence_at_the_margin_and_finds_it_where_it_is(test: Callable[..., Equivalence]) -> None:
    """Method: 10 against 10; apart by the margin exactly, 2000 times, and not at all with a margin of 2 deviations, 500 times. "No difference found" claims it nearly always."""
    rng, runs = np.random.default_rng(51), 2000
    at_margin = sum(test(rng.normal(size=10), rng.normal(2, size=10), margin=2.0).p <= 0.05 for _ in range(runs))
    alike = sum(test(rng.normal(size=10), rng.normal(size=10), margin=2.0).p <= 0.05 for _ in range(500))

    assert is_at_most(at_margin, runs, 0.05)
    assert is_at_least(at_margin, runs, 0.03)
    assert is_at_least(alike, 500, 0.95)


def test_not_finding_a_difference_is_no_equivalence() -> None:
    """Method: apart by the margin of one deviation, 10 against 10, 100 times, judged by Mann-Whitney's silence."""
    rng = np.random.default_rng(52)
    silent = sum(mann_whitney(rng.normal(size=10), rng.normal(1, size=10)) > 0.05 for _ in range(100))

    assert not is_at_most(silent, 100, 0.05)


@BOTH
def test_with_two_values_nothing_is_claimed_that_they_do_not_show(test: Callable[..., Equivalence]) -> None:
    assert test([1.0, 3.0], [1.5, 2.5], margin=1.0).p > 0.05


def test_values_without_spread_are_the_same_or_not() -> None:
    assert tost([1.0, 1.0], [1.5, 1.5], margin=1.0).p == 0.0
    assert tost([1.0, 1.0], [2.0, 2.0], margin=1.0).p == 1.0
    assert tost_ranks([1.0] * 5, [2.0] * 5, margin=1.0).p == 1.0


@BOTH
@pytest.mark.parametrize("margin", [0, -1, math.nan, math.inf])
def test_what_is_no_margin_is_refused(test: Callable[..., Equivalence], margin: float) -> None:
    with pytest.raises(DeclarationError, match="above 0"):
        test([1.0, 2.0], [1.0, 2.0], margin=margin)
