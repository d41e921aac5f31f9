"""The histogram: what HdrHistogram says of the same values, what numpy says within the precision, and that merging loses nothing."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.stats import Histogram

WHOLE = st.lists(st.integers(0, 2**62), max_size=40)


def lehmer(count: int) -> list[int]:
    """Return numbers over nine orders of magnitude that any language can make again: x = 48271 x mod 2^31 - 1, from 1."""
    numbers, x = [], 1
    for i in range(count):
        x = x * 48271 % 2147483647
        numbers.append(x % 10 ** (1 + i % 9))
    return numbers


def test_percentiles_are_those_of_hdrhistogram_to_the_last_digit() -> None:
    """Recorded from the package hdrhistogram 0.10.8, ``HdrHistogram(1, 3600000000000, 3)``: three decimal digits are our eleven binary ones."""
    counted = Histogram.of(lehmer(2000))
    recorded = {1: 0, 10: 8, 25: 174, 50: 42015, 75: 6983679, 90: 93782015, 95: 511442943, 99: 885522431, 99.9: 988807167, 100: 996671487}

    assert {p: counted.value_at(p) for p in recorded} == recorded


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=60), st.integers(1, 100), st.integers(2, 24))
def test_a_percentile_is_the_true_one_or_higher_by_less_than_the_precision(values: list[int], p: int, bits: int) -> None:
    counted = Histogram.of(values, bits=bits)
    true = sorted(values)[-(-p * len(values) // 100) - 1]

    assert true <= counted.value_at(p) <= true * (1 + counted.precision)


def test_a_percentile_is_numpys_where_values_are_kept_whole() -> None:
    values = np.random.default_rng(71).integers(0, 2048, size=500)
    counted = Histogram.of(values.tolist())

    assert [counted.value_at(p) for p in (1, 50, 95, 99, 100)] == np.percentile(values, [1, 50, 95, 99, 100], method="inverted_cdf").tolist()


@given(WHOLE, WHOLE, WHOLE)
def test_merging_is_the_same_in_any_order_and_as_counting_all_together(a: list[int], b: list[int], c: list[int]) -> None:
    x, y, z = (Histogram.of(values) for values in (a, b, c))

    assert (x | y) | z == x | (y | z) == z | x | y == Histogram.of(a + b + c)
    assert Histogram.merged([x, y, z]) == reduce(or_, [x, y, z])


@given(WHOLE)
def test_json_brings_it_back(values: list[int]) -> None:
    counted = Histogram.of(values)

    assert Histogram.from_json(json.loads(json.dumps(counted.to_json()))) == counted


def test_coarser_digits_make_fewer_buckets() -> None:
    values = lehmer(2000)

    assert len(Histogram.of(values, bits=3).counts) < 130 < len(Histogram.of(values).counts)


@pytest.mark.parametrize("value", [-1, 1.5])
def test_what_is_no_whole_number_from_0_on_is_refused(value: float) -> None:
    with pytest.raises(DeclarationError, match="whole numbers of at least 0"):
        Histogram.of([1, value])  # type: ignore[list-item]  # which is the point


def test_digits_out_of_range_and_different_digits_and_no_values_are_refused() -> None:
    with pytest.raises(DeclarationError, match="2 to 24"):
        Histogram(bits=1)
    with pytest.raises(DeclarationError, match="do not add up"):
        Histogram.of([1], bits=8) | Histogram.of([1], bits=9)
    with pytest.raises(DeclarationError, match="no value has no percentile"):
        Histogram().value_at(50)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {"bits": 11},
        {"bits": 11, "counts": [], "more": 1},
        {"bits": 11, "counts": [[1]]},
        {"bits": 11, "counts": [[1, True]]},
        {"bits": 11, "counts": [[1, -2]]},
        {"bits": 11, "counts": [[2049, 1]]},
        {"bits": 11, "counts": [[1, 1], [1, 1]]},
        {"bits": 99, "counts": []},
    ],
)
def test_what_was_edited_by_hand_is_refused(stored: Json) -> None:
    with pytest.raises(HistoryError, match=r"nothing was (read|counted)"):
        Histogram.from_json(stored)
