"""What follows from the values of the repetitions, against a published example and by what can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from baselines_made import metric
from fraiseql_chaos.baselines.metric import Estimate, Spread
from fraiseql_chaos.errors import DeclarationError


def test_the_interval_is_the_one_of_the_tables() -> None:
    """Five values, four degrees of freedom: t is 2.776 in every table, and the deviation of these is the root of 0.625."""
    spread = Spread.of((10.0, 11.0, 9.0, 10.5, 9.5))
    assert spread.mean == 10
    assert spread.sd == pytest.approx(math.sqrt(0.625))
    assert spread.cv == pytest.approx(math.sqrt(0.625) / 10)
    assert spread.interval95 == pytest.approx((10 - 2.7764 * math.sqrt(0.125), 10 + 2.7764 * math.sqrt(0.125)), abs=1e-4)


def test_what_is_always_zero_varies_not_at_all() -> None:
    assert Spread.of((0.0, 0.0, 0.0)) == Spread(mean=0, sd=0, cv=0, interval95=(0, 0))


@pytest.mark.parametrize(("values", "said"), [((1.0,), "1 repetitions have no variation"), ((1.0, -1.0), "not -1.0"), ((1.0, math.nan), "not nan")])
def test_what_is_no_repetition_is_refused(values: tuple[float, ...], said: str) -> None:
    with pytest.raises(DeclarationError, match=f"{said}.*; nothing was kept"):
        Spread.of(values)


def test_a_metric_that_repeats_worse_than_its_limit_is_noisy_and_keeps_its_numbers() -> None:
    noisy, quiet = metric(repetitions=(10.0, 11.0, 9.0)), metric(repetitions=(10.0, 10.1, 9.9))
    assert (noisy.noisy, quiet.noisy) == (True, False)
    assert noisy.cv == pytest.approx(0.1)
    assert noisy.repetitions == (10.0, 11.0, 9.0)


def test_percentiles_come_from_the_pooled_samples() -> None:
    made = metric(pooled=[float(n) for n in range(1, 101)])
    assert made.samples == 100
    assert made.percentiles["p50"].value == 50
    assert made.percentiles["p99"].high is None, "a hundred values do not bound their 99th percentile from above"


def test_a_metric_without_samples_counts_its_repetitions() -> None:
    made = metric()
    assert (made.samples, dict(made.percentiles)) == (5, {})


def test_an_estimate_lies_in_its_interval() -> None:
    with pytest.raises(DeclarationError, match=r"3\.0 does not lie in its interval from 4\.0 to None"):
        Estimate(value=3.0, low=4.0, high=None)
