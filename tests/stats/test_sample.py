"""What may be computed with: every function refuses garbage with the place and the reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from fraiseql_chaos import stats
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import checked, checked_level

TAKES_ONE: dict[str, Callable[[list[float]], object]] = {
    "centre": stats.centre,
    "bootstrap_interval": lambda values: stats.bootstrap_interval(values, np.median, seed=1),
    "repeatability": stats.repeatability,
    "change_point": lambda values: stats.change_point([float(i) for i in range(len(values))], values, seed=1),
    "hodges_lehmann": lambda values: stats.hodges_lehmann(values, [1.0, 2.0, 3.0]),
    "mann_whitney": lambda values: stats.mann_whitney([1.0, 2.0, 3.0], values),
    "tost": lambda values: stats.tost(values, [1.0, 2.0, 3.0], margin=1.0),
    "tost_ranks": lambda values: stats.tost_ranks([1.0, 2.0, 3.0], values, margin=1.0),
    "compare": lambda values: stats.compare(values, [1.0, 2.0, 3.0], tolerance=5.0),
    "measure_drift": lambda values: stats.measure_drift([[(values, [1.0, 2.0]), ([1.0, 2.0], [1.0, 2.0])]]),
}
LONG = [float(value) for value in range(30)]


@pytest.mark.parametrize("name", TAKES_ONE)
@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_refused_by_everyone_with_its_place(name: str, garbage: float) -> None:
    with pytest.raises(DeclarationError, match=r"number 30 of 30 is .*nothing was computed"):
        TAKES_ONE[name]([*(value + 1 for value in LONG[:29]), garbage])


@pytest.mark.parametrize("name", TAKES_ONE)
def test_no_values_are_refused_by_everyone(name: str) -> None:
    with pytest.raises(DeclarationError, match=r"are 0, and at least \d+ are needed; nothing was computed"):
        TAKES_ONE[name]([])


@pytest.mark.parametrize("name", sorted(TAKES_ONE.keys() - {"centre", "hodges_lehmann", "mann_whitney"}))
def test_one_value_is_refused_where_a_spread_is_needed(name: str) -> None:
    with pytest.raises(DeclarationError, match=r"are 1, and at least \d+ are needed"):
        TAKES_ONE[name]([1.0])


def test_what_is_no_row_of_numbers_is_refused() -> None:
    with pytest.raises(DeclarationError, match="must be numbers"):
        checked(["fast"], what="the words")  # type: ignore[list-item]  # which is the point
    with pytest.raises(DeclarationError, match="2 dimensions"):
        checked([[1.0], [2.0]], what="the rows")  # type: ignore[list-item]  # which is the point


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_what_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(DeclarationError, match="between 0 and 1"):
        checked_level(level)
