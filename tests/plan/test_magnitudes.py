"""A magnitude that means nothing is refused in words that say what would."""

from __future__ import annotations

import math

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.plan.magnitudes import check_choice, check_count, check_duration, check_fraction, check_share, check_truth

DIRECTIONS = {"down": "to the service", "up": "to the server"}


def test_what_means_something_passes() -> None:
    check_duration("doze", "nap", ms(1), above_0=True)
    check_duration("doze", "nap", ms(0))
    check_count("doze", "sheep", 1, least=1, of="sheep")
    check_share("doze", "depth", 1)
    check_share("doze", "depth", 1e-12)
    check_fraction("doze", "lightness", 0)
    check_fraction("doze", "lightness", 0.999)
    check_truth("doze", "dreams", False)  # noqa: FBT003  it is what is checked
    check_choice("doze", "direction", "up", DIRECTIONS)


@pytest.mark.parametrize("value", [250, "250ms", None, True])
def test_a_duration_without_a_unit_is_refused(value: object) -> None:
    with pytest.raises(DeclarationError, match=r"^doze: nap=.* has no unit; write nap=ms\(250\); nothing was armed$"):
        check_duration("doze", "nap", value)


def test_a_duration_of_nothing_is_refused_where_it_would_change_nothing() -> None:
    with pytest.raises(DeclarationError, match=r"^doze: a nap of 0 would change nothing; it must be above 0; nothing was armed$"):
        check_duration("doze", "nap", ms(0), above_0=True)


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, True, math.inf])
def test_what_is_no_number_of_things_is_refused(value: object) -> None:
    with pytest.raises(DeclarationError, match=r"^doze: herd is a whole number of sheep, at least 1, not .*; nothing was armed$"):
        check_count("doze", "herd", value, least=1, of="sheep")


@pytest.mark.parametrize("value", [0, -0.1, 1.01, math.nan, math.inf, "0.5", None, True])
def test_what_is_no_share_is_refused(value: object) -> None:
    with pytest.raises(DeclarationError, match=r"^doze: depth is a share above 0 and at most 1, not .*; nothing was armed$"):
        check_share("doze", "depth", value)


@pytest.mark.parametrize("value", ["left", "", None, 1, ["up"]])
def test_what_is_none_of_the_words_is_refused_with_those_there_are(value: object) -> None:
    told = r"^doze: direction is one of 'down' \(to the service\), 'up' \(to the server\), not .*; nothing was armed$"
    with pytest.raises(DeclarationError, match=told):
        check_choice("doze", "direction", value, DIRECTIONS)


@pytest.mark.parametrize("value", [1, -0.1, math.nan, math.inf, "0.5", None, False])
def test_what_is_no_share_below_1_is_refused(value: object) -> None:
    with pytest.raises(DeclarationError, match=r"^doze: lightness is a share from 0 on and below 1, not .*; nothing was armed$"):
        check_fraction("doze", "lightness", value)


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_what_is_neither_true_nor_false_is_refused(value: object) -> None:
    with pytest.raises(DeclarationError, match=r"^doze: dreams is true or false, not .*; nothing was armed$"):
        check_truth("doze", "dreams", value)
