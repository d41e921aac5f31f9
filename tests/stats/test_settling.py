"""When a series came to rest: from the end backwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import first_of_final_run, settled_from


@given(st.lists(st.booleans(), max_size=30))
def test_final_run_is_all_true_and_cannot_begin_earlier(good: list[bool]) -> None:
    first = first_of_final_run(good)

    assert all(good[first:])
    assert first == 0 or not good[first - 1]


def test_final_run_of_a_series_that_ends_badly_is_empty() -> None:
    assert first_of_final_run([True, True, False]) == 3


def test_one_slow_value_in_a_window_does_not_postpone_settling_but_a_slow_stretch_does() -> None:
    assert settled_from([9, 9, 9, 1, 1, 9, 1, 1, 1, 1], at_most=2, window=3) == 2
    assert settled_from([9, 1, 1, 1, 9, 9, 9, 1, 1, 1], at_most=2, window=3) == 6


def test_a_series_that_is_still_slow_or_too_short_has_not_settled() -> None:
    assert settled_from([1, 1, 1, 9, 9], at_most=2, window=3) is None
    assert settled_from([1, 1], at_most=2, window=3) is None


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(DeclarationError, match="at least 1"):
        settled_from([1], at_most=1, window=0)
