"""What a comparison can tell is worked out beforehand, and simulation says that it can: shown equal within, found beyond, and a wrong reckoning turns red."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import Drift, Pair, Sensitivity, compare_many, sensitivity
from simulations import is_at_least, is_at_most

SCATTER = 0.15


def collection(rng: np.random.Generator, *, metrics: int, slower: float = 1.0, drift: float = 0.0, kind: str = "normal") -> list[list[float]]:
    """Return ten repetitions of each metric that scatter by 15 %: normally, or with one repetition in ten that stalls."""
    scattered = rng.normal(0, SCATTER, size=(metrics, 10))
    if kind == "stalls":
        scattered += (rng.random((metrics, 10)) < 0.1) * rng.exponential(5 * SCATTER, size=(metrics, 10))
    found: list[list[float]] = (10 * slower * np.exp(rng.normal(0, drift, size=(metrics, 1)) + scattered)).tolist()
    return found


def limited(values: Sequence[float], *, tests: int = 1, drift: float = 0.0, at_least: float = 5.0, at_most: float = 100.0) -> Sensitivity:
    return sensitivity(values, at_least=at_least, at_most=at_most, tests=tests, drift=Drift(sd=drift))


def told(old: list[list[float]], *, tests: int, drift: float = 0.0) -> list[Sensitivity]:
    return [limited(values, tests=tests, drift=drift) for values in old]


@pytest.mark.parametrize(("kind", "drift"), [("normal", 0.0), ("stalls", 0.0), ("normal", 0.05)])
def test_an_unchanged_metric_is_shown_to_be_within_its_tolerance_and_within_half_of_it_is_not(kind: str, drift: float) -> None:
    """Method: 600 metrics measured twice; stated: at least 95 in 100, that the scatter is only measured included."""
    rng = np.random.default_rng(201)
    old, new = (collection(rng, metrics=600, drift=drift, kind=kind) for _ in range(2))
    supported = told(old, tests=600, drift=drift)
    equal = {}
    for share in (1.0, 0.5):
        pairs = {str(n): Pair(old=old[n], new=new[n], tolerance=share * supported[n].tolerance) for n in range(600)}
        equal[share] = [change.outcome for change in compare_many(pairs, tolerance=5.0).values()].count("equal")

    assert is_at_least(equal[1.0], 600, 0.95)
    assert not is_at_least(equal[0.5], 600, 0.95)


@pytest.mark.parametrize("tests", [1, 60])
def test_what_a_metric_is_said_to_find_is_found_in_four_of_five_cases_and_much_less_is_not(tests: int) -> None:
    """Method: one metric of so many is worse by just what it is said to find; 300 comparisons, the others unchanged. And again by a third of it."""
    rng = np.random.default_rng(202)
    found = {1.0: 0, 1 / 3: 0}
    for share in found:
        for _ in range(300):
            old = collection(rng, metrics=tests)
            known = told(old, tests=tests)
            assert known[0].finds is not None
            new = [*collection(rng, metrics=1, slower=1 + share * known[0].finds / 100), *collection(rng, metrics=tests - 1)]
            pairs = {str(n): Pair(old=old[n], new=new[n], tolerance=known[n].tolerance) for n in range(tests)}
            found[share] += compare_many(pairs, tolerance=5.0)["0"].outcome == "worse"

    assert is_at_least(found[1.0], 300, 0.8)
    assert is_at_most(found[1 / 3], 300, 0.2)


def test_a_metric_that_hardly_varies_has_the_least_tolerance_and_one_that_varies_wildly_the_greatest() -> None:
    calm, wild = ([100.0 + n / 100 for n in range(10)], [1.0, 9.0, 2.0, 7.0, 1.0, 8.0, 3.0, 9.0, 1.0, 6.0])
    assert limited(calm).tolerance == pytest.approx(5.0)
    assert limited(wild).tolerance == pytest.approx(100.0)
    assert 5 < (limited(calm, tests=100).finds or 0) < 6


def test_the_more_is_asked_at_once_and_the_more_the_machine_drifts_the_less_is_found() -> None:
    values = [float(v) for v in np.exp(np.random.default_rng(3).normal(0, 0.05, size=10))]
    alone, among, drifting = (limited(values, tests=tests, drift=sd) for tests, sd in ((1, 0.0), (100, 0.0), (1, 0.1)))
    assert alone.tolerance == among.tolerance < drifting.tolerance
    assert (alone.finds or 0) < min(among.finds or 0, drifting.finds or 0)


def test_too_few_repetitions_have_the_greatest_tolerance_and_find_nothing() -> None:
    known = limited([1.0, 1.1], tests=100)
    assert known.tolerance == pytest.approx(100.0)
    assert known.finds is None


def test_values_that_may_be_zero_are_measured_in_units_of_their_median() -> None:
    some, none = limited([0.0, 1.0, 1.0, 1.0, 2.0]), limited([0.0] * 5)
    assert some.tolerance == pytest.approx(100.0)
    assert none.tolerance == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("repetitions", "more"),
    [
        ([1.0], {}),
        ([1.0, -1.0], {}),
        ([1.0, math.nan], {}),
        ([1.0, 2.0], {"at_least": 0.0}),
        ([1.0, 2.0], {"at_most": 1.0}),
        ([1.0, 2.0], {"tests": 0}),
    ],
)
def test_what_has_no_meaning_is_refused(repetitions: list[float], more: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="nothing was computed"):
        limited(repetitions, **more)
