"""Containment: what must be there, and what may be besides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import Json
from fraiseql_chaos.workload.matching import mismatch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50)
@given(JSON)
def test_everything_contains_itself(value: Json) -> None:
    assert mismatch(value, value) == ""


@pytest.mark.parametrize(
    ("expected", "found"),
    [({"a": 1}, {"a": 1, "b": 2}), ({}, {"a": 1}), ([{"a": 1}], [{"a": 1, "b": 2}]), (None, None)],
)
def test_what_is_added_does_no_harm(expected: Json, found: Json) -> None:
    assert mismatch(expected, found) == ""


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        (True, 1, "data: expected True, got 1"),
        (1, True, "data: expected 1, got True"),
        (1, 1.0, "data: expected 1, got 1.0"),
        (0, None, "data: expected 0, got None"),
        ("7", 7, "data: expected '7', got 7"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "data.a.b: expected 1, got 2"),
        ({"a": None}, {}, "data.a: expected None, and there is no such key"),
        ([1, 2], [2, 1], "data[0]: expected 1, got 2"),
        ([1], [1, 1], "data: expected a list of 1, got 2"),
        ([1], [], "data: expected a list of 1, got 0"),
        ({}, [], "data: expected {}, got []"),
        ({"a": [{"b": 1}]}, {"a": [{"b": None}]}, "data.a[0].b: expected 1, got None"),
    ],
)
def test_the_first_difference_is_named_with_its_place(expected: Json, found: Json, told: str) -> None:
    assert mismatch(expected, found) == told


def test_long_values_are_cut_in_messages() -> None:
    assert len(mismatch("x" * 10_000, "y" * 10_000)) < 300
