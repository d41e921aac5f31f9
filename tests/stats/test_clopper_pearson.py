"""The exact interval of a share: SciPy's, published ones, and what it promises."""

from __future__ import annotations

import pytest
from scipy.stats import binom, binomtest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import clopper_pearson, wilson


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"), [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0, 0.1684), (1, 29, 0.0009, 0.1776)]
)
def test_it_agrees_with_the_published_table(successes: int, count: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 5."""
    found = clopper_pearson(successes, count)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(("successes", "count"), [(0, 1), (1, 1), (3, 10), (199, 200), (1, 1000)])
def test_it_is_the_interval_that_scipy_computes(successes: int, count: int) -> None:
    theirs = binomtest(successes, count).proportion_ci(confidence_level=0.99, method="exact")
    ours = clopper_pearson(successes, count, level=0.99)

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_it_never_holds_the_true_share_less_often_than_it_says_where_wilsons_does() -> None:
    """Method: the exact chance, summed over all outcomes of 40 trials, for 50 true shares."""
    shares = [0.02 * step - 0.01 for step in range(1, 51)]
    for interval, never_less in ((clopper_pearson, True), (wilson, False)):
        found = [interval(k, 40) for k in range(41)]
        held = [sum(binom.pmf(k, 40, share) for k in range(41) if found[k].low <= share <= found[k].high) for share in shares]
        assert bool(min(held) >= 0.95) is never_less


@pytest.mark.parametrize(("successes", "count", "level"), [(1, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 0), (1, 2, 1)])
def test_what_is_no_share_is_refused(successes: int, count: int, level: float) -> None:
    with pytest.raises(DeclarationError, match="nothing was computed"):
        clopper_pearson(successes, count, level=level)


def test_trials_that_hang_together_are_worth_fewer() -> None:
    assert clopper_pearson(40, 400, spread=4) == clopper_pearson(10, 100)
    assert clopper_pearson(0, 400, spread=4).high == pytest.approx(1 - 0.025 ** (1 / 100)), "the rule of three, of a hundred"
    with pytest.raises(DeclarationError, match=r"a spread of 0\.5 is none.*nothing was computed"):
        clopper_pearson(1, 2, spread=0.5)
