"""
What was asked for against what was counted, for faults that have a rate.

Of ``of`` packets that a fault was about ``marked`` bear its mark, by captures at both ends of the link. The exact binomial interval (Clopper and
Pearson) around that share holds the true one with 99 %, so an asked share outside of it is seen once in a hundred times although nothing is wrong: this is for
readers, and decides nothing. Whether the fault counts as seen was decided by the wider interval that its evidence names.

Packets whose fates depend on each other, as in a burst, are worth fewer independent ones; the interval is as much longer (``spread``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Evidence
from fraiseql_chaos.stats import clopper_pearson

__all__ = ["CountedRate", "counted_rates"]

LEVEL: Final = 0.99

_DIGITS: Final = 6
"""What is stored of a bound: more than anybody reads, and fewer than two releases of SciPy may differ in."""

type Way = Literal["up", "down", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRate:
    """
    One rate, as it was asked for and as it was counted.

    Attributes:
        way: Of the packets ``up`` towards the server, ``down`` towards the service, or of ``both``.
        how: What the mark is: ``never arrived``.
        asked: The share that was asked for, 0 to 1.
        marked, of: How many packets bear the mark, of how many.
        low, high: The interval, as shares.
        is_inside: Whether the asked share lies in it.
        at_most: Whether a counted share below the asked one is as it should be: what nothing follows cannot be overtaken.
    """

    way: Way
    how: str
    asked: float
    marked: int
    of: int
    low: float
    high: float
    is_inside: bool
    at_most: bool

    @property
    def found(self) -> str:
        """Where the asked share lies, in a word or two."""
        if self.is_inside:
            return "inside"
        if self.at_most and self.asked > self.high:
            return "fewer, as may be"
        return "outside"


def counted_rates(evidence: Iterable[Evidence]) -> tuple[CountedRate, ...]:
    """Return what witnesses of one fault counted, each way and both together; nothing of a way on which nothing was sent."""
    return tuple(rate for each in evidence if each.counted for rate in _rates(each.counted))


def _rates(counted: JsonObject) -> Iterator[CountedRate]:
    # The writing arm put it there, and the history's reader has seen no more than that it is an object.
    told: dict[str, Any] = counted
    ways: dict[Way, tuple[int, int]] = {way: (its["marked"], its["of"]) for way, its in told["ways"].items()}
    if len(ways) > 1:
        ways["both"] = sum(marked for marked, _ in ways.values()), sum(of for _, of in ways.values())
    for way, (marked, of) in ways.items():
        if not of:
            continue
        # A packet may arrive thrice, and then bears two marks.
        share = clopper_pearson(min(marked, of), of, level=LEVEL, spread=told["spread"])
        low, high = round(share.low, _DIGITS), round(share.high, _DIGITS)
        yield CountedRate(
            way=way,
            how=told["how"],
            asked=told["asked"],
            marked=marked,
            of=of,
            low=low,
            high=high,
            is_inside=low <= told["asked"] <= high,
            at_most=told["at_most"],
        )
