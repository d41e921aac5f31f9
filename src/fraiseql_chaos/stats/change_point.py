"""
When a series changed its level, if it did, and between which two instants that surely lies.

    values   3 2 3 4 2 3 2 9 3 8 9 7 9 8 9 9 7
    before   ------------- ^ after

For each place that leaves enough on both sides, the Mann-Whitney statistic of what lies behind it against what lies before, standardised; the place where it is
greatest in size is the estimate (Pettitt's test, with the weights that make all places alike). Ranks, so that single slow answers have no more say than others.

*Whether* there is a change: the same maximum over the values in random order. If nothing changed, the series is as likely in any order, so the share of orders
with a greater maximum is the p value, exact for any number of values up to the draws.

*When*: the stretches before and behind the estimate are each drawn again from themselves, and the estimate is made again; the interval reaches to both sides as far as the stated
share of those lies off (Huskova and Kirch; to both sides alike, because the ends of the drawn estimates themselves held a change at a quarter of the series in 83 of 100 simulations instead of 95).

Limits. *One* change: cut the record at what is known (detection: from arming to healing; recovery: from healing on) and ask for each stretch. *Steps*, not slopes: of a
slow recovery it gives the middle, not the end; for "settled, and stays so" there is ``settling``. *Independent values*: a queue remembers, and neighbours that
resemble each other look like a change. Give it medians of windows (100 ms, say), not single requests.

Sources: Pettitt, "A Non-Parametric Approach to the Change-Point Problem", Applied Statistics 28 (1979); Huskova and Kirch, "Bootstrapping confidence intervals for the
change-point of time series", Journal of Time Series Analysis 29 (2008).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.sample import Numbers, checked, checked_level

__all__ = ["ChangePoint", "change_point", "least_values"]

DRAWS: Final = 999
LEAST_SIDE: Final = 3
"""Of fewer than three values a side no level is known, and the ends of a series would win by chance."""

VALUES_MAX: Final = 5_000
"""Some seconds of work and 40 MB; a series of windows has hundreds."""

CHUNK: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """
    Where a series changed its level.

    Attributes:
        index: Of the first value behind the change.
        at: Its time, in the unit of the times.
        low, high: The interval's ends, in the same unit.
        level: The chance that the interval holds the change, if there was one step.
        p: The chance of a step this clear if there was none.
        before, after: The medians on both sides, in the unit of the values.
    """

    index: int
    at: float
    low: float
    high: float
    level: float
    p: float
    before: float
    after: float


def change_point(
    times: Sequence[float] | Numbers, values: Sequence[float] | Numbers, *, seed: int, false_alarms: float = 0.01, level: float = 0.95
) -> ChangePoint | None:
    """
    Find where a series changed its level.

    Args:
        times: When each value was measured, rising, in any unit.
        values: The values, in any unit: ``least_values(false_alarms)`` of them or more, at most 5000.
        seed: What decides the draws: the same seed gives the same answer.
        false_alarms: Of series without a change, the share that may be said to have one, between 0.001 and 1.
        level: How likely the interval shall hold the change, between 0 and 1.

    Returns:
        The change; None if none was shown.

    Raises:
        DeclarationError: If there are too few or too many values, no finite numbers, or as many times as values in no rising order, or a level is out of range.
    """
    if not 1 / (DRAWS + 1) <= false_alarms < 1:
        raise DeclarationError(f"a share of false alarms lies between {1 / (DRAWS + 1)} and 1, not at {false_alarms!r}; nothing was searched")
    level = checked_level(level)
    numbers = checked(values, what="the values of a series", at_least=least_values(false_alarms))
    instants = checked(times, what="the times of a series")
    if len(instants) != len(numbers) or (np.diff(instants) < 0).any():
        raise DeclarationError(f"{len(numbers)} values need as many times that rise, not {len(instants)} that do not; nothing was searched")
    if len(numbers) > VALUES_MAX:
        raise DeclarationError(f"a series has at most {VALUES_MAX} values, not {len(numbers)}: give medians of windows; nothing was searched")
    dice = np.random.default_rng(seed)
    ranks = _ranks(numbers[None, :])
    (index,), (clearness,) = _clearest(ranks)
    by_chance = _in_parts(len(numbers), lambda rows: _clearest(dice.permuted(np.repeat(ranks, rows, axis=0), axis=1))[1])
    p = (1 + int(np.sum(by_chance >= clearness - 1e-9))) / (DRAWS + 1)
    if p > false_alarms:
        return None
    again = _in_parts(len(numbers), lambda rows: _clearest(_ranks(_redrawn(numbers, index, rows, dice)))[0])
    reach = int(np.quantile(np.abs(again - index), level, method="inverted_cdf"))
    return ChangePoint(
        index=int(index),
        at=float(instants[index]),
        # A step lies between two values: behind the last one before it, and at the first one after it at the latest.
        low=float(instants[max(index - reach, 1) - 1]),
        high=float(instants[min(index + reach, len(numbers) - 1)]),
        level=level,
        p=p,
        before=float(np.median(numbers[:index])),
        after=float(np.median(numbers[index:])),
    )


def least_values(false_alarms: float = 0.01) -> int:
    """
    Return of how many values a step can be shown at all.

    A clean step in the middle is as clear in every order that keeps its two halves together, two of C(n, n/2); rarer than a quarter of the alarms allowed is asked for, because
    smaller steps at other places are as clear in other orders.
    """
    return next(n for n in range(2 * LEAST_SIDE, 100) if 2 / comb(n, n // 2) <= false_alarms / 4)


def _clearest(ranks: Numbers) -> tuple[np.ndarray, Numbers]:
    """Return, for each row of ranks, the first index behind its clearest step, and how clear that is, in standard deviations."""
    count = ranks.shape[1]
    places = np.arange(LEAST_SIDE, count - LEAST_SIDE + 1)
    off = np.cumsum(ranks - (count + 1) / 2, axis=1)[:, places - 1]
    clear = np.abs(off) / np.sqrt(places * (count - places) * (count + 1) / 12)
    best = clear.argmax(axis=1)
    return places[best], clear[np.arange(len(ranks)), best]


def _ranks(rows: Numbers) -> Numbers:
    """Return the ranks of each row's values, equal ones sharing the mean of theirs."""
    from scipy.stats import rankdata  # noqa: PLC0415  takes a second to import

    return np.asarray(rankdata(rows, axis=1), dtype=np.float64)


def _redrawn(numbers: Numbers, index: int, rows: int, dice: np.random.Generator) -> Numbers:
    """Return rows in which both stretches are drawn again from themselves."""
    before = dice.choice(numbers[:index], size=(rows, index))
    after = dice.choice(numbers[index:], size=(rows, len(numbers) - index))
    return np.concatenate([before, after], axis=1)


def _in_parts(count: int, draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """Return all draws, made so many rows at a time that they fit into memory."""
    rows = max(1, min(DRAWS, CHUNK // count))
    return np.concatenate([draw(min(rows, DRAWS - done)) for done in range(0, DRAWS, rows)])
