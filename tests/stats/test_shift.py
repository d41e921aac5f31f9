"""The Hodges-Lehmann estimates: published examples, the test they invert, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import centre, hodges_lehmann
from fraiseql_chaos.stats.shift import PAIRS_MAX
from simulations import is_at_least, is_at_most

DEPRESSION_BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
DEPRESSION_AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
PERMEABILITY_AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
PERMEABILITY_EARLY = [1.15, 0.88, 0.90, 0.74, 1.21]


def test_one_sample_agrees_with_the_published_example() -> None:
    """Hollander and Wolfe, "Nonparametric Statistical Methods", example 3.1: -0.46, and from -0.786 to -0.010 at 96.1 %."""
    found = centre([after - before for before, after in zip(DEPRESSION_BEFORE, DEPRESSION_AFTER, strict=True)], level=0.96)

    assert (found.estimate, found.low, found.high) == pytest.approx((-0.46, -0.786, -0.010))


def test_two_samples_agree_with_the_published_example() -> None:
    """Hollander and Wolfe, example 4.1: 0.305; the interval is R's, ``wilcox.test(x, y, conf.int = TRUE)``."""
    found = hodges_lehmann(PERMEABILITY_EARLY, PERMEABILITY_AT_TERM)

    assert (found.estimate, found.low, found.high) == pytest.approx((0.305, -0.15, 0.76))


@pytest.mark.parametrize(("n", "m"), [(5, 5), (10, 10), (10, 7)])
def test_interval_holds_exactly_the_shifts_that_scipys_test_does_not_reject(n: int, m: int) -> None:
    rng = np.random.default_rng(11)
    old, new = rng.exponential(size=n), rng.exponential(size=m) + 1
    found = hodges_lehmann(old, new)
    assert found.low is not None
    assert found.high is not None
    at = {
        end: mannwhitneyu(new - end, old, method="exact").pvalue for end in (found.low - 1e-9, found.low + 1e-9, found.high - 1e-9, found.high + 1e-9)
    }

    assert [p > 0.05 for p in at.values()] == [False, True, True, False]


def test_interval_holds_the_true_shift_as_often_as_it_says_and_one_of_pooled_requests_does_not() -> None:
    """Method: 10 repetitions a side of 20 requests each, which share their repetition's luck; shifted by 1."""
    rng, runs, held, held_pooled = np.random.default_rng(12), 1000, 0, 0
    for run in range(runs):
        old, new = rng.normal(size=(10, 1)) + rng.normal(size=(10, 20)), 1 + rng.normal(size=(10, 1)) + rng.normal(size=(10, 20))
        found = hodges_lehmann(old.mean(axis=1), new.mean(axis=1))
        held += found.low is not None and found.high is not None and found.low <= 1 <= found.high
        if run < 200:
            pooled = hodges_lehmann(old.ravel(), new.ravel())
            held_pooled += pooled.low is not None and pooled.high is not None and pooled.low <= 1 <= pooled.high

    assert is_at_least(held, runs, 0.95)
    assert is_at_most(held, runs, 0.965)
    assert not is_at_least(held_pooled, 200, 0.95)


def test_centre_holds_the_true_one_as_often_as_it_says() -> None:
    rng, runs, held = np.random.default_rng(13), 2000, 0
    for _ in range(runs):
        found = centre(rng.laplace(3, size=12))
        held += found.low is not None and found.high is not None and found.low <= 3 <= found.high

    assert is_at_least(held, runs, 0.95)
    assert is_at_most(held, runs, 0.965)


def test_one_wild_value_hardly_moves_the_estimate() -> None:
    old, new = [10.0, 10.1, 10.2, 10.3, 10.4], [11.0, 11.1, 11.2, 11.3, 1000.0]

    assert hodges_lehmann(old, new).estimate == pytest.approx(1.0, abs=0.15)


def test_with_too_few_values_an_end_is_none_and_not_a_guess() -> None:
    found = hodges_lehmann([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])

    assert (found.estimate, found.low, found.high) == (3.0, None, None)
    assert centre([1.0]).high is None


def test_requests_by_the_thousand_are_refused_with_what_to_give_instead() -> None:
    with pytest.raises(DeclarationError, match="give repetitions, not requests"):
        hodges_lehmann([1.0] * (PAIRS_MAX // 2 + 1), [1.0, 2.0])
