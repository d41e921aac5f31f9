"""How well a number repeats: against the noncentral t distribution, Student's interval, and counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.optimize import brentq

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import repeatability
from simulations import is_at_least, is_at_most


def exact(share: float, count: int, tail: float) -> float:
    """Return the coefficient under which one as great as this is seen with the chance ``tail``: mean over deviation is noncentral t."""
    seen = count**0.5 / share
    return float(brentq(lambda true: scipy_stats.nct.cdf(seen, count - 1, count**0.5 / true) - tail, share / 10, share * 10))


@pytest.mark.parametrize("spread", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("count", [5, 10, 40])
def test_interval_of_the_coefficient_is_the_exact_one_to_a_hundredth(count: int, spread: float) -> None:
    values = np.random.default_rng(61).normal(100, spread, size=count)
    found = repeatability(values)
    ends = exact(found.cv / 100, count, 0.025), exact(found.cv / 100, count, 0.975)

    assert (found.cv_low / 100, (found.cv_high or 0) / 100) == pytest.approx((min(ends), max(ends)), rel=0.01)


def test_interval_of_the_mean_is_students() -> None:
    values = np.random.default_rng(62).normal(5, 1, size=10)
    found = repeatability(values, level=0.9)

    assert (found.mean_low, found.mean_high) == pytest.approx(scipy_stats.t.interval(0.9, 9, values.mean(), values.std(ddof=1) / 10**0.5))
    assert found.cv == pytest.approx(100 * scipy_stats.variation(values, ddof=1))


def test_both_intervals_hold_the_truth_as_often_as_they_say_and_plus_or_minus_a_third_does_not() -> None:
    rng, runs, means, coefficients, naive = np.random.default_rng(63), 2000, 0, 0, 0
    for _ in range(runs):
        found = repeatability(rng.normal(20, 1, size=10))
        means += found.mean_low <= 20 <= found.mean_high
        coefficients += found.cv_low <= 5 <= (found.cv_high or np.inf)
        naive += found.cv * 2 / 3 <= 5 <= found.cv * 4 / 3

    assert is_at_least(means, runs, 0.95)
    assert is_at_least(coefficients, runs, 0.95)
    assert is_at_most(coefficients, runs, 0.96)
    assert not is_at_least(naive, runs, 0.95)


def test_of_values_that_scatter_wildly_the_upper_end_is_none_and_not_a_guess() -> None:
    found = repeatability([0.01] * 8 + [10.0, 12.0])

    assert found.cv_high is None
    assert found.cv_low > 0


def test_values_that_are_all_the_same_repeat_perfectly() -> None:
    found = repeatability([4.0] * 5)

    assert (found.cv, found.cv_low, found.cv_high, found.mean_low, found.mean_high) == (0, 0, 0, 4, 4)


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.0, -2.0]])
def test_a_mean_of_zero_or_below_has_no_coefficient(values: list[float]) -> None:
    with pytest.raises(DeclarationError, match="mean above 0"):
        repeatability(values)
