"""
What the faults of an edge did, item by item: bounded in detail, exact in number.

A *hit* says which fault did what to which item of which connection, and when. The first ``limit`` hits are kept whole; beyond that only the
counts go on. It is the injector's own word and never decides whether a fault bit; it answers what no witness outside can: which chunk or
statement was hit, and whether it was delivered.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, NamedTuple

from fraiseql_chaos.layers.stream.model import Direction

__all__ = ["HITS_KEPT_DEFAULT", "Decision", "Hit", "Hits"]

HITS_KEPT_DEFAULT: Final = 10_000
"""About 2 MB of memory and of history; a run's load is a few thousand requests."""

type Decision = Literal["delayed", "dropped", "changed", "added"]
"""What became of an item: it left later, not at all, or as something else; or something left although nothing had arrived."""


class Hit(NamedTuple):
    """
    One thing that a fault did.

    Attributes:
        fault_id: Which fault.
        at_ns: When, on the machine's monotonic clock.
        connection: The connection's ordinal at its edge.
        direction: Which way the item went.
        ordinal: The place of its chunk in that direction.
        bytes: How long it was; 0 for an ending.
        decision: What became of it.
    """

    fault_id: str
    at_ns: int
    connection: int
    direction: Direction
    ordinal: int
    bytes: int
    decision: Decision


class Hits:
    """
    The hits of one edge.

    Args:
        limit: How many are kept whole.
    """

    __slots__ = ("counts", "kept", "limit")

    def __init__(self, limit: int = HITS_KEPT_DEFAULT) -> None:
        self.limit = limit
        self.kept: list[Hit] = []
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, hit: Hit) -> None:
        """Count a hit, and keep it if there is room."""
        self.counts[hit.fault_id, hit.decision] += 1
        if len(self.kept) < self.limit:
            self.kept.append(hit)
