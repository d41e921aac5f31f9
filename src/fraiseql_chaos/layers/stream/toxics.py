"""
What faults do to a stream, each as a toxic: the half of a fault that acts.

The values in ``faults`` say what shall happen; the classes here do it to one direction of one connection. Their dice are their own,
derived from the edge's seed, the fault, the connection's ordinal and the direction; the n-th draw belongs to the n-th item.
To add one: a class with ``pass_on``, and a case in ``make_toxic``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import assert_never

from fraiseql_chaos.layers.stream.faults import Latency, Refuse, StreamFault
from fraiseql_chaos.layers.stream.model import Direction, Item, Toxic

__all__ = ["Delay", "make_toxic"]


class Delay:
    """
    Hold every item for a while, counted from its own arrival: a burst is shifted, not spread out.

    The draws reach from ``-jitter`` to ``+jitter``, both included, in whole nanoseconds.
    """

    __slots__ = ("_delay_ns", "_dice", "_jitter_ns")

    def __init__(self, fault: Latency, dice: random.Random) -> None:
        self._delay_ns = fault.delay.ns
        self._jitter_ns = fault.jitter.ns
        self._dice = dice

    def pass_on(self, item: Item, at_ns: int) -> Iterable[tuple[int, Item]]:
        """Let the item leave ``delay`` plus or minus a draw after it arrived."""
        drawn_ns = self._dice.randint(-self._jitter_ns, self._jitter_ns)
        return ((at_ns + self._delay_ns + drawn_ns, item),)


def make_toxic(fault: StreamFault, direction: Direction, dice: random.Random) -> Toxic | None:
    """Return what the fault does to this direction, or None if it leaves it alone."""
    match fault:
        case Latency():
            return Delay(fault, dice) if fault.direction == direction else None
        case Refuse():
            return None  # It acts on the listener and on whole connections, not on what flows.
        case _:
            assert_never(fault)
