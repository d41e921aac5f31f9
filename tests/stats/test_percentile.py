"""Percentiles: the rank rule against its definition, the interval against exact binomials and against a simulation."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import nearest_rank, percentile, value_at


@pytest.mark.parametrize(
    ("p", "count", "rank"),
    [(50, 1, 1), (50, 2, 1), (50, 3, 2), (95, 20, 19), (99, 100, 99), (99, 101, 100), (99.9, 1000, 999), (100, 7, 7), (0.1, 7, 1)],
)
def test_rank_is_the_nearest_one_also_where_floats_are_not(p: float, count: int, rank: int) -> None:
    assert nearest_rank(p, count) == rank


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 100))
def test_percentile_is_the_least_value_that_covers_its_share(values: list[int], p: int) -> None:
    taken = percentile(values, p).value

    assert taken == value_at(values, p)
    assert taken in values
    assert Fraction(sum(v <= taken for v in values), len(values)) >= Fraction(p, 100)
    assert Fraction(sum(v < taken for v in values), len(values)) < Fraction(p, 100)


@pytest.mark.parametrize(("p", "count"), [(50, 10), (95, 200), (99, 500), (75, 41)])
def test_interval_has_the_stated_chance_by_exact_binomials_and_is_not_wider_than_needed(p: int, count: int) -> None:
    taken = percentile(range(1, count + 1), p)
    share = Fraction(p, 100)
    chance = [comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(count + 1)]
    assert taken.low is not None
    assert taken.high is not None
    low, high = int(taken.low), int(taken.high)

    assert sum(chance[:low]) <= Fraction(25, 1000) < sum(chance[: low + 1])
    assert sum(chance[high:]) <= Fraction(25, 1000) < sum(chance[high - 1 :])


def test_interval_covers_the_true_percentile_about_as_often_as_it_says() -> None:
    rng = dice(7, "coverage")
    covered = 0
    for _ in range(400):
        taken = percentile([rng.expovariate(1.0) for _ in range(120)], 90)
        assert taken.low is not None
        assert taken.high is not None
        covered += taken.low <= 2.302585 <= taken.high

    assert covered >= 375


def test_an_end_beyond_what_was_measured_is_none_and_not_a_guess() -> None:
    assert percentile([1.0] * 50, 99).high is None
    assert percentile([1.0] * 3, 1).low is None
    assert percentile([1.0, 2.0], 100).high is None


@pytest.mark.parametrize("p", [0, -1, 100.5])
def test_a_percentile_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(DeclarationError, match="above 0 and at most 100"):
        percentile([1.0], p)


def test_no_values_and_no_confidence_are_refused() -> None:
    with pytest.raises(DeclarationError, match="no value has no percentile"):
        percentile([], 50)
    with pytest.raises(DeclarationError, match="between 0 and 1"):
        percentile([1.0], 50, confidence=1)
