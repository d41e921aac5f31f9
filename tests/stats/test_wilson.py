"""Wilson's interval, against SciPy's and against what it promises."""

from __future__ import annotations

import pytest
from scipy.stats import binom, binomtest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import wilson


@pytest.mark.parametrize(("successes", "count"), [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (199, 200), (1, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_it_is_the_interval_that_scipy_computes(successes: int, count: int, level: float) -> None:
    theirs = binomtest(successes, count).proportion_ci(confidence_level=level, method="wilson")
    ours = wilson(successes, count, level=level)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.value == successes / count


def test_it_holds_the_true_share_about_as_often_as_it_says() -> None:
    """Method: the exact chance, summed over all outcomes of 40 trials; on average over true shares it is the level, and nowhere far below."""
    shares = [0.05 * step for step in range(1, 20)]
    held = [sum(binom.pmf(k, 40, p) for k in range(41) if (w := wilson(k, 40)).low <= p <= w.high) for p in shares]
    assert 0.945 <= sum(held) / len(held) <= 0.965
    assert min(held) >= 0.91


@pytest.mark.parametrize(("successes", "count", "level"), [(1, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 0), (1, 2, 1)])
def test_what_is_no_share_is_refused(successes: int, count: int, level: float) -> None:
    with pytest.raises(DeclarationError, match="nothing was computed"):
        wilson(successes, count, level=level)
