"""Each metric's own tolerance follows from its repetitions and from how it drifted."""

from __future__ import annotations

import statistics

import pytest

from baselines_made import metric
from compared_made import repeated
from fraiseql_chaos.baselines.sensitivity import drift_of, sensitivities

CALM = [metric(f"calm{n}", repeated(10, n, spread=0.01)) for n in range(5)]


def test_a_noisy_metric_has_a_tolerance_of_its_own_and_a_calm_one_the_least() -> None:
    known = sensitivities([*CALM, metric("noisy", repeated(10, 9, spread=0.2))])
    assert known["calm0"].tolerance == pytest.approx(5.0, abs=0.5)
    assert 30 < known["noisy"].tolerance <= 100
    assert (known["noisy"].finds or 0) > known["noisy"].tolerance > (known["calm0"].finds or 0) > known["calm0"].tolerance


def test_a_metric_that_grows_slower_meanwhile_drifts_and_tolerates_more_and_another_does_not() -> None:
    """Method: one metric takes a tenth longer in the second half."""
    slower = metric("slower", [value * (1.1 if n >= 5 else 1) for n, value in enumerate(repeated(10, 7, spread=0.01))])
    assert drift_of(slower.repetitions) == pytest.approx(0.1 / 2**0.5, rel=0.15)
    known, alone = sensitivities([*CALM, slower]), sensitivities(CALM)
    assert known["slower"].tolerance > 20
    assert known["calm0"].tolerance == alone["calm0"].tolerance


def test_scatter_alone_is_no_drift_on_the_average() -> None:
    """Method: the mean variance of a thousand metrics that scatter by 10 % and do not drift; what is told must be small against the scatter, and mostly nothing."""
    told = [drift_of(repeated(10, seed, spread=0.1)) for seed in range(1000)]
    assert statistics.median(told) == 0
    assert statistics.fmean(drift**2 for drift in told) < 0.5 * 0.1**2


def test_what_is_too_little_or_has_no_logarithm_has_no_drift() -> None:
    assert drift_of([1.0, 1.0, 2.0]) == drift_of([0.0, 1.0, 5.0, 9.0]) == drift_of([3.0] * 10) == 0


def test_what_is_said_of_a_metric_depends_on_how_many_there_are_and_not_on_their_order() -> None:
    alone, among, turned = (sensitivities(metrics)["calm0"] for metrics in (CALM[:1], CALM, CALM[::-1]))
    assert (alone.finds or 0) < (among.finds or 0)
    assert among == turned
