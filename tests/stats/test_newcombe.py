"""The difference of two shares, against published intervals, and by how often it holds the truth."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import share_difference


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_it_agrees_with_the_published_table(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    """Newcombe (1998), table II, method 10."""
    found = share_difference(first, second)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """2000 pairs of samples of 60 and 90 with true shares 0.95 and 0.9; a level of 95 % may miss by what 2000 draws vary, three deviations."""
    roll = dice(7, "newcombe", 0)
    held = 0
    for _ in range(2000):
        first, second = (sum(roll.random() < share for _ in range(count)) for share, count in ((0.95, 60), (0.9, 90)))
        found = share_difference((first, 60), (second, 90))
        held += found.low <= 0.05 <= found.high

    assert held >= 2000 * (0.95 - 3 * (0.95 * 0.05 / 2000) ** 0.5)


def test_a_higher_level_is_wider_and_swapping_the_groups_turns_it_round() -> None:
    found, wide, turned = share_difference((9, 10), (3, 10)), share_difference((9, 10), (3, 10), level=0.99), share_difference((3, 10), (9, 10))

    assert wide.low < found.low < found.value < found.high < wide.high
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(("first", "level"), [((0, 0), 0.95), ((3, 2), 0.95), ((-1, 2), 0.95), ((1, 2), 1), ((1, 2), 0)])
def test_what_is_no_share_or_no_level_is_refused(first: tuple[int, int], level: float) -> None:
    with pytest.raises(DeclarationError):
        share_difference(first, (1, 2), level=level)
