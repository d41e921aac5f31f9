"""Fisher's test: the lady's tea, the sum over all tables, and false alarms counted exactly."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from scipy.stats import binom

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import fisher


def test_the_lady_who_tastes_tea() -> None:
    """Fisher, "The Design of Experiments", chapter II: 3 of 4 cups right is seen by chance in 17 of 70 tables, to one side."""
    assert fisher((3, 4), (1, 4)) == pytest.approx(34 / 70)
    assert fisher((4, 4), (0, 4)) == pytest.approx(2 / 70)


@pytest.mark.parametrize(("first", "second"), [((3, 40), (11, 35)), ((0, 12), (5, 9)), ((7, 20), (7, 20))])
def test_it_is_the_sum_over_all_tables_that_are_as_unlikely(first: tuple[int, int], second: tuple[int, int]) -> None:
    (a, n), (b, m) = first, second
    ways = {k: comb(n, k) * comb(m, a + b - k) for k in range(max(0, a + b - m), min(n, a + b) + 1)}

    assert fisher(first, second) == pytest.approx(sum(way for way in ways.values() if way <= ways[a]) / comb(n + m, a + b))


@pytest.mark.parametrize(("share", "other", "at_least", "at_most"), [(0.1, 0.1, 0, 0.05), (0.5, 0.5, 0, 0.05), (0.05, 0.7, 0.95, 1)])
def test_false_alarms_are_bounded_and_a_great_change_is_found(share: float, other: float, at_least: float, at_most: float) -> None:
    """Method: the exact chance of an alarm, summed over all outcomes of 15 against 15 trials; of a quarter of p it is not bounded."""
    p = {(a, b): fisher((a, 15), (b, 15)) for a, b in product(range(16), repeat=2)}
    weight = {(a, b): binom.pmf(a, 15, share) * binom.pmf(b, 15, other) for a, b in p}

    assert at_least <= sum(weight[each] for each in p if p[each] <= 0.05) <= at_most
    assert share != 0.5 or sum(weight[each] for each in p if p[each] / 4 <= 0.05) > 0.05


@pytest.mark.parametrize("group", [(1, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(group: tuple[int, int]) -> None:
    with pytest.raises(DeclarationError, match="nothing was computed"):
        fisher((1, 2), group)
