"""Metrics become rows: tested together where that is possible, described where it is not."""

from __future__ import annotations

import pytest

from compared_made import repeated
from fraiseql_chaos.comparison.judging import Measured, checked_tolerance, judged
from fraiseql_chaos.comparison.model import Row
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import Better


def measured(old: list[float], new: list[float], *, name: str = "m", better: Better = "lower", untold: str = "") -> Measured:
    """Return a metric."""
    return Measured(name=name, group="g", what="it", unit="ms", better=better, old=tuple(old), new=tuple(new), untold=untold)


def only(each: Measured) -> Row:
    """Return the row of the only metric."""
    (row,) = judged([each], tolerance=5)
    return row


@pytest.mark.parametrize(
    ("factor", "better", "outcome"),
    [(1.5, "lower", "worse"), (1.5, "higher", "better"), (0.5, "higher", "worse"), (1.5, "neither", "different"), (1.0, "lower", "equal")],
)
def test_what_changed_is_called_so_from_its_own_side(factor: float, better: Better, outcome: str) -> None:
    row = only(measured(repeated(10, 1), repeated(10 * factor, 2), better=better))
    assert row.outcome == outcome
    assert row.percent == pytest.approx(100 * (factor - 1), abs=2)
    assert row.low is not None
    assert row.high is not None
    assert row.percent is not None
    assert row.low < row.percent < row.high


def test_a_change_that_is_sure_but_small_does_not_count() -> None:
    """Method: all repetitions are 3 % above all others, so any test of difference is certain; the tolerance is 5 %."""
    row = only(measured(repeated(100, 1, spread=0.0001), repeated(103, 2, spread=0.0001)))
    assert row.outcome == "equal"


def test_a_single_repetition_is_described_and_says_how_many_would_tell() -> None:
    row = only(measured([10.0], [20.0]))
    assert (row.outcome, row.percent, row.low, row.p) == ("unsure", 100.0, None, None)
    assert row.needed == 3
    assert "described and not tested: 1 against 1 repetition; 3 a side" in row.reason


def test_the_number_needed_grows_with_what_is_compared_beside_it() -> None:
    """As the correction does."""
    rows = judged([measured([10.0], [20.0], name=str(n)) for n in range(60)], tolerance=5)
    assert {row.needed for row in rows} == {7}


def test_the_number_needed_is_enough_and_one_fewer_is_not() -> None:
    """Method: a clear change in every one of ten metrics, with the repetitions it asked for, and with one fewer."""
    needed = judged([measured([10.0], [20.0], name=str(n)) for n in range(10)], tolerance=5)[0].needed
    assert needed is not None
    clear = [
        [measured(repeated(10, n, count=k), repeated(20 if n == 0 else 10, 50 + n, count=k), name=str(n)) for n in range(10)]
        for k in (needed - 1, needed)
    ]
    assert [judged(each, tolerance=5)[0].outcome for each in clear] == ["unsure", "worse"]


def test_what_cannot_be_told_is_not_tested_however_much_there_is() -> None:
    row = only(measured(repeated(10, 1), repeated(30, 2), untold="half of it is missing"))
    assert (row.outcome, row.percent, row.needed, row.reason) == ("unsure", None, None, "half of it is missing")


def test_a_change_from_nothing_has_no_per_cent() -> None:
    row = only(measured([0.0], [3.0]))
    assert (row.percent, row.size) == (None, float("inf"))


@pytest.mark.parametrize("percent", [0, -1, 1000, float("nan"), float("inf")])
def test_a_tolerance_without_meaning_is_refused(percent: float) -> None:
    with pytest.raises(DeclarationError, match=r"above 0 and below 1000 per cent, not .*; nothing was compared"):
        checked_tolerance(percent)
