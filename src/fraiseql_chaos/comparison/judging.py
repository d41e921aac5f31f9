"""
From what was measured on both sides to rows with an outcome.

All metrics of a comparison that can be tested are tested together, because the correction needs to know how many there were. A metric with fewer than two
repetitions on a side cannot be: it is *described*, its change is shown without an interval, and it is unsure. That is so for all metrics of a single run
against a single run. Its thousand requests do not help: they share one process, one warm-up and one minute of the machine, and treating them as independent
would find a "significant" change between any two runs (pseudo-replication). What two single runs can show is that a verdict flipped.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.baselines.sensitivity import TOLERANCE_LEAST_PERCENT
from fraiseql_chaos.comparison.model import Row
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import Better, Change, Pair, compare_many

__all__ = ["LEVEL", "TOLERANCE_PERCENT", "Measured", "checked_tolerance", "judged"]

LEVEL: Final = 0.95

TOLERANCE_PERCENT: Final = TOLERANCE_LEAST_PERCENT
"""What does not count where nothing is known of how well a metric repeats."""

LEAST: Final = 2
REPETITIONS_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    One metric on both sides; the attributes are those of ``Row``.

    Attributes:
        old, new: One value a repetition.
        untold: Why no change can be told whatever the values are, as where one side never came back to be measured; empty if it can.
        tolerance: The change in per cent that does not count of this metric; that of the comparison if None.
        finds: The change for the worse in per cent that this comparison would find; None if that is not known.
    """

    name: str
    group: str
    what: str
    unit: str
    better: Better
    old: tuple[float, ...]
    new: tuple[float, ...]
    noisy: bool = False
    untold: str = ""
    tolerance: float | None = None
    finds: float | None = None
    old_place: int | None = None
    new_place: int | None = None

    @property
    def is_testable(self) -> bool:
        """Whether there is enough of it for a test."""
        return not self.untold and min(len(self.old), len(self.new)) >= LEAST


def checked_tolerance(percent: float) -> float:
    """
    Return a tolerance if it is one.

    Raises:
        DeclarationError: If it is not above 0 and below 1000 per cent.
    """
    if not 0 < percent < 1000:
        raise DeclarationError(f"a tolerance is above 0 and below 1000 per cent, not {percent:g}; nothing was compared")
    return percent


def judged(measured: Sequence[Measured], *, tolerance: float) -> tuple[Row, ...]:
    """
    Tell what became of each metric.

    Args:
        measured: All metrics of the comparison.
        tolerance: The change in per cent that does not count of a metric without a tolerance of its own.

    Returns:
        One row each, in the order given.
    """
    pairs = {each.name: Pair(old=each.old, new=each.new, better=each.better, tolerance=each.tolerance) for each in measured if each.is_testable}
    changes = compare_many(pairs, tolerance=tolerance, level=LEVEL) if pairs else {}
    return tuple(
        _tested(each, changes[each.name])
        if each.name in changes
        else _described(each, of=len(measured), tolerance=tolerance if each.tolerance is None else each.tolerance)
        for each in measured
    )


def _tested(each: Measured, change: Change) -> Row:
    grew = (change.percent or 0.0) > 0
    chance = change.p_worse if each.better == "neither" or grew == (each.better == "lower") else change.p_better
    return _row(
        each,
        tolerance=change.tolerance,
        percent=change.percent,
        low=change.low,
        high=change.high,
        p=chance,
        outcome=change.outcome,
        needed=change.needed,
        reason=change.reason,
    )


def _described(each: Measured, *, of: int, tolerance: float) -> Row:
    """Return what is known of a metric that cannot be tested."""
    old, new = _middle(each.old), _middle(each.new)
    percent = 100 * (new - old) / old if old and new is not None and not each.untold else None
    needed = None if each.untold else _fewest(of)
    told = "no change in per cent" if percent is None else f"{percent:+.1f} %"
    counted = f"{len(each.old)} against {len(each.new)} {'repetition' if len(each.new) == 1 else 'repetitions'}"
    reason = each.untold or f"{told}, described and not tested: {counted}; {needed} a side would show a clear change beyond {tolerance:g} %"
    return _row(each, tolerance=tolerance, percent=percent, low=None, high=None, p=None, outcome="unsure", needed=needed, reason=reason)


def _fewest(tests: int) -> int:
    """Return how many repetitions a side it takes for the strictest of so many corrected tests to be able to find anything."""
    return next(n for n in range(LEAST, REPETITIONS_MAX) if 1 / math.comb(2 * n, n) <= (1 - LEVEL) / tests)


def _row(each: Measured, *, tolerance: float, percent: float | None, low: float | None, high: float | None, p: float | None, **found: object) -> Row:
    return Row(
        name=each.name,
        group=each.group,
        what=each.what,
        unit=each.unit,
        better=each.better,
        old=_middle(each.old),
        new=_middle(each.new),
        old_repetitions=len(each.old),
        new_repetitions=len(each.new),
        percent=percent,
        low=low,
        high=high,
        p=p,
        noisy=each.noisy,
        tolerance=tolerance,
        finds=each.finds,
        old_place=each.old_place,
        new_place=each.new_place,
        **found,  # type: ignore[arg-type]  # outcome, needed and reason, from the two functions above
    )


def _middle(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
