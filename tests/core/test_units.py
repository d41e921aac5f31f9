"""A quantity keeps its unit from the person who writes it to the person who reads it, and a bare number is no quantity."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S, Duration, Rate, ms, parse_duration, per_second, seconds, us
from fraiseql_chaos.errors import DeclarationError

ELEVEN_DAYS_NS = 999_999 * NS_PER_S
UNITS = {"us": us, "ms": ms, "s": seconds}


@given(st.integers(0, ELEVEN_DAYS_NS))
def test_what_is_printed_can_be_read_and_differs_by_less_than_its_last_digit(ns: int) -> None:
    assert math.isclose(parse_duration(str(Duration(ns))).ns, ns, rel_tol=5.1e-6)


@given(number=st.integers(0, 10**6), unit=st.sampled_from(sorted(UNITS)), space=st.sampled_from(["", " ", "  "]))
def test_what_a_person_writes_is_what_the_function_of_that_name_makes(number: int, unit: str, space: str) -> None:
    assert parse_duration(f"{space}{number}{space}{unit}{space}") == UNITS[unit](number)


@pytest.mark.parametrize(
    ("text", "ns"), [("250ms", 250_000_000), ("1.5 s", 1_500_000_000), ("0.25us", 250), ("2min", 120_000_000_000), ("0s", 0), (" 7 ms ", 7_000_000)]
)
def test_units_are_read_as_they_are_meant(text: str, ns: int) -> None:
    assert parse_duration(text) == Duration(ns)


@pytest.mark.parametrize("text", ["250", "", "ms", "-5ms", "1e3 ms", "5 h", "5 MS", "1,5s", ".5s", "5.s", "5ms 3", "٣ms", "inf s", "9" * 400 + "s"])
def test_what_is_not_a_duration_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"not .*a duration|a duration is .*, not .*; nothing was armed"):
        parse_duration(text)


def test_refusal_of_a_bare_number_names_it_and_the_units_there_are() -> None:
    with pytest.raises(DeclarationError, match=r"'250' is not a duration: .* one of us, ms, s, min \(250ms, 1\.5s\); nothing was armed"):
        parse_duration("250")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (Duration(0), "0 us"),
        (Duration(1), "0.001 us"),
        (us(999), "999 us"),
        (ms(1), "1 ms"),
        (ms(2.5), "2.5 ms"),
        (seconds(1), "1 s"),
        (seconds(90), "90 s"),
    ],
)
def test_duration_is_shown_in_the_largest_unit_it_fills(duration: Duration, text: str) -> None:
    assert str(duration) == text


@given(st.integers(0, 10**9))
def test_whole_numbers_are_scaled_without_rounding(number: int) -> None:
    assert (us(number).ns, ms(number).ns, seconds(number).ns) == (number * 1000, number * NS_PER_MS, number * NS_PER_S)


@given(one=st.integers(0, 10**15), other=st.integers(0, 10**15))
def test_durations_add_subtract_and_compare_as_their_nanoseconds(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert (Duration(less) + Duration(more)) - Duration(less) == Duration(more)
    assert (Duration(one) < Duration(other)) == (one < other)


def test_durations_are_read_in_milliseconds_and_seconds() -> None:
    assert (ms(1500).ms, ms(1500).s) == (1500.0, 1.5)


@given(ns=st.integers(0, 10**12), factor=st.floats(0, 100))
def test_scaled_duration_is_rounded_to_a_whole_nanosecond(ns: int, factor: float) -> None:
    assert abs((Duration(ns) * factor).ns - ns * factor) <= 0.5


def test_duration_cannot_become_negative_by_subtraction() -> None:
    with pytest.raises(DeclarationError, match="a duration cannot be negative: -1000 ms; nothing was armed"):
        _ = seconds(1) - seconds(2)


@pytest.mark.parametrize("value", [2.0, "2", None, True])
def test_duration_is_a_whole_number_of_nanoseconds(value: int) -> None:
    with pytest.raises(DeclarationError, match=r"whole number of nanoseconds, not .*; write ms\(250\) or seconds\(2\); nothing was armed"):
        Duration(value)


@pytest.mark.parametrize("make", UNITS.values())
@pytest.mark.parametrize("value", ["250", None, True, math.nan, math.inf, -math.inf, 1e308])
def test_magnitude_that_is_no_finite_number_is_refused_by_name(make: Callable[[float], Duration], value: float) -> None:
    with pytest.raises(DeclarationError, match=r"a duration is a finite number of (us|ms|seconds), not .*; nothing was armed"):
        make(value)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "50", None])
def test_rate_that_is_not_a_finite_number_above_zero_is_refused(value: float) -> None:
    with pytest.raises(DeclarationError, match=r"finite number above 0 per second, not .*; write per_second\(50\); nothing was armed"):
        per_second(value)


def test_rates_compare_and_show_their_unit() -> None:
    assert Rate(0.5) < per_second(50)
    assert [str(per_second(0.5)), str(per_second(50))] == ["0.5/s", "50/s"]


def test_quantities_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        ms(250).ns = 1  # type: ignore[misc]  # what the checker refuses is what is tried here
