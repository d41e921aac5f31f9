"""
What a comparison says, as values: the same for the terminal, the page, and every file.

    Comparison
    |-- old, new: Side        what was compared
    |-- differs               in what they are not of the same, which a reader must know first
    |-- flips: Flip ...       tests whose verdict is another one now, the worst first
    |-- rows: Row ...         metrics, regressions first, each group by size
    `-- only_old, only_new    what only one of them has

A *regression* is a metric that is shown to be worse by more than the tolerance, after correction for how many were compared, or a test that held, or was a
known weakness, and is violated now. What merely looks worse is *unsure*, with the number of repetitions that would tell.

Sizes are compared as factors: a throughput that was halved and a latency that was doubled are equally bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.stats import Better, Outcome

__all__ = ["COMPARISON_SCHEMA", "OUTCOMES", "Comparison", "Direction", "Flip", "Kind", "Row", "Side", "ranked"]

COMPARISON_SCHEMA: Final = "fraiseql-chaos/comparison/1"

type Kind = Literal["baselines", "runs", "run_with_baseline"]
type Direction = Literal["worse", "better", "unclear"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("worse", "different", "better", "unsure", "equal")
"""From what a reader must see first to what may come last."""

DIRECTIONS: Final[tuple[Direction, ...]] = ("worse", "unclear", "better")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    One of the two.

    Attributes:
        name: What it was asked for by.
        created: When it was measured, ISO 8601 with offset.
        machine: The id of the machine; empty if it is not known, or its parts are of several.
        target: What was measured.
        page: Its own report, if it has one; empty otherwise.
    """

    name: str
    created: str
    machine: str
    target: JsonObject
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One metric.

    Attributes:
        name: Unique in the comparison.
        group: What it belongs to: a group of the baseline, or the test.
        what, unit, better: As for a metric of a baseline.
        old, new: The median of the repetitions; None without any.
        old_repetitions, new_repetitions: How many there were.
        percent, low, high: The change in per cent of the old value, and its interval; None where there is none.
        p: The corrected chance to see so much, if it were not beyond the tolerance on the side to which it moved; None if it was not tested.
        outcome: What was shown.
        needed: If unsure: how many repetitions a side would tell; None if no reasonable number would.
        reason: One sentence with the numbers.
        noisy: Whether one side repeated worse than its limit.
        tolerance: The change in per cent that does not count of this metric.
        finds: The change for the worse in per cent that would be found in four of five cases; None if that is not known, or none would be.
        old_place, new_place: The number of its test on the page of its run; None if it belongs to none.
    """

    name: str
    group: str
    what: str
    unit: str
    better: Better
    old: float | None
    new: float | None
    old_repetitions: int
    new_repetitions: int
    percent: float | None
    low: float | None
    high: float | None
    p: float | None
    outcome: Outcome
    needed: int | None
    reason: str
    tolerance: float
    finds: float | None = None
    noisy: bool = False
    old_place: int | None = None
    new_place: int | None = None

    @property
    def size(self) -> float:
        """How large the change is, as a factor's logarithm; a change from or to 0 is beyond all others."""
        if self.percent is None:
            return math.inf
        return abs(math.log1p(self.percent / 100)) if self.percent > -100 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """
    A test whose verdict is another one now.

    Attributes:
        experiment: Its id.
        title: What it promises.
        old, new: How it stood: a standing, or, of one that was repeated, how often it stood how.
        direction: ``unclear`` if one of the two could not tell, or a repeated test gave several verdicts both times.
        same_question: Whether it did the same faults and asked the same promises both times; otherwise the test changed, and perhaps not the service.
        reasons: Why it stands as it does now.
        old_place, new_place: Its number on the page of its run.
    """

    experiment: str
    title: str
    old: str
    new: str
    direction: Direction
    same_question: bool
    reasons: tuple[str, ...]
    old_place: int | None
    new_place: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    What came of comparing two baselines, two runs, or a run with a baseline.

    Attributes:
        schema: The format, ``COMPARISON_SCHEMA``.
        kind: What was compared.
        old, new: The two sides.
        differs: In what machine, target or configuration differ, one phrase each.
        foreign: Whether they are of different machines, so that times say more of those than of the service.
        tolerance: The change in per cent that does not count; where metrics have tolerances of their own, the least of them.
        level: The chance that all of what is called worse is so; that each interval holds the true change.
        tests: How many tests both have; 0 where no tests are compared.
        flips, rows: See the module.
        only_old, only_new: Metrics or tests that only one side has.
    """

    schema: str = COMPARISON_SCHEMA
    kind: Kind
    old: Side
    new: Side
    differs: tuple[str, ...]
    foreign: bool
    tolerance: float
    level: float
    tests: int = 0
    flips: tuple[Flip, ...]
    rows: tuple[Row, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]

    def having(self, outcome: Outcome) -> tuple[Row, ...]:
        """Return the metrics of one outcome, the largest change first."""
        return tuple(row for row in self.rows if row.outcome == outcome)

    def flipped(self, direction: Direction) -> tuple[Flip, ...]:
        """Return the tests that flipped one way."""
        return tuple(flip for flip in self.flips if flip.direction == direction)

    @property
    def regressed(self) -> bool:
        """Whether anything is shown to be worse."""
        return bool(self.having("worse") or self.flipped("worse"))


def ranked(rows: Iterable[Row], flips: Iterable[Flip] = ()) -> tuple[tuple[Row, ...], tuple[Flip, ...]]:
    """Return both as they are shown: what must be seen first comes first."""
    return (
        tuple(sorted(rows, key=lambda row: (OUTCOMES.index(row.outcome), -row.size, row.name))),
        tuple(sorted(flips, key=lambda flip: (DIRECTIONS.index(flip.direction), flip.experiment))),
    )
