"""How a machine differs from itself: measured where it is known, Student's and Satterthwaite's quantiles, garbage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import STILL, Drift, measure_drift

type Check = list[tuple[list[float], list[float]]]


def checks(rng: np.random.Generator, *, shared: float, own: float, count: int, metrics: int = 20) -> list[Check]:
    """Return A/A checks of a machine whose collections differ by a mood that all metrics share and one of each."""

    def collection() -> np.ndarray:
        return 50 * np.exp(rng.normal(0, shared) + rng.normal(0, own, size=(metrics, 1)) + rng.normal(0, 0.03, size=(metrics, 10)))

    return [[(old.tolist(), new.tolist()) for old, new in zip(collection(), collection(), strict=True)] for _ in range(count)]


@pytest.mark.parametrize(("shared", "own"), [(0.02, 0.01), (0.0, 0.03), (0.03, 0.0)])
def test_what_is_measured_is_what_there_is_on_the_average(shared: float, own: float) -> None:
    """Method: the mean variance of 200 measurements by two checks each; the scatter within a collection must not count."""
    rng = np.random.default_rng(91)
    measured = [measure_drift(checks(rng, shared=shared, own=own, count=2)).sd ** 2 for _ in range(200)]

    assert np.mean(measured) == pytest.approx(shared**2 + own**2, rel=0.2)


def test_a_machine_that_does_not_drift_is_said_to_drift_by_less_than_a_tenth_of_its_scatter_and_more_without_subtracting_it() -> None:
    rng = np.random.default_rng(92)
    measured = [measure_drift(checks(rng, shared=0, own=0, count=2)).sd for _ in range(200)]

    assert np.mean(measured) < 0.003
    assert min(measured) == 0
    assert 0.03 / math.sqrt(10) > 0.003


def test_one_check_of_a_machine_whose_metrics_move_together_is_worth_one_degree_and_not_as_many_as_metrics() -> None:
    rng = np.random.default_rng(93)
    together = [measure_drift(checks(rng, shared=0.05, own=0.0, count=1)).degrees for _ in range(100)]
    apart = [measure_drift(checks(rng, shared=0.0, own=0.05, count=1)).degrees for _ in range(100)]

    assert np.median(together) < 2
    assert np.median(apart) > 12


@pytest.mark.parametrize("degrees", [1.0, 3.5, 40.0])
def test_reach_and_tails_are_students(degrees: float) -> None:
    drift = Drift(sd=0.02, degrees=degrees)

    assert drift.reach(0.025) == pytest.approx(0.02 * 2**0.5 * t.ppf(0.975, degrees))
    assert drift.tails(np.array([drift.reach(0.01)])) == pytest.approx([0.01])


def test_a_drift_that_is_given_is_known_and_none_reaches_nowhere() -> None:
    assert Drift(sd=0.02).reach(0.025) == pytest.approx(0.02 * 2**0.5 * norm.ppf(0.975))
    assert Drift(sd=0.02).tails(np.array([0.05])) == pytest.approx([norm.sf(0.05 / 0.02 / 2**0.5)])
    assert STILL.reach(0.001) == 0


def test_repetitions_that_never_vary_give_a_drift_that_is_known() -> None:
    same = ([2.0, 2.0], [2.0, 2.0])

    assert measure_drift([[same, same]]) == STILL


@pytest.mark.parametrize("garbage", [{"sd": -0.1}, {"sd": math.nan}, {"sd": math.inf}, {"sd": 0.1, "degrees": 0.5}, {"sd": 0.1, "degrees": math.nan}])
def test_what_is_no_drift_is_refused(garbage: dict[str, float]) -> None:
    with pytest.raises(DeclarationError, match="nothing was computed"):
        Drift(**garbage)


def test_checks_that_cannot_be_measured_are_refused() -> None:
    pair = ([1.0, 2.0], [1.0, 2.0])
    for garbage in ([], [[pair]], [[pair, pair], [pair, pair, pair]]):
        with pytest.raises(DeclarationError, match="checks of the same metrics, at least 2"):
            measure_drift(garbage)
    with pytest.raises(DeclarationError, match="above 0"):
        measure_drift([[pair, ([0.0, 1.0], [1.0, 2.0])]])
