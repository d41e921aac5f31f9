"""
One direction of a connection as the engine sees it: what is being read, and what waits to leave.

    arrived --> [ framer ] --> undecided --> decided: fate --> [ queue behind gates ] --> leaves
                               (head, or the part
                                a trigger must see)

A message that no fault hits leaves piece by piece as it comes. Only while its fate depends on bytes that are not there yet are its first
ones kept back. Behind a closed gate everything waits in order, and a gate opens when its time has come or when its fault is healed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraiseql_chaos.layers.stream.model import FOREVER_NS, Direction, Item, Origin, Passed
from fraiseql_chaos.layers.wire.framing import Framer
from fraiseql_chaos.layers.wire.ledger import WireLedger
from fraiseql_chaos.layers.wire.model import Farewell, Move
from fraiseql_chaos.layers.wire.tracking import Errand

__all__ = ["PASS", "SWALLOW", "Fate", "Gate", "Lane", "Mark"]


@dataclass(slots=True, kw_only=True)
class Gate:
    """What keeps everything back until an instant, which healing moves to now."""

    until_ns: int


class Mark(NamedTuple):
    """An incident that is to be marked as delivered when what it hit has left."""

    number: int
    fault_id: str


class Waiting(NamedTuple):
    """What waits to leave."""

    gates: tuple[Gate, ...]
    passed: Passed
    marks: list[Mark]

    @property
    def due_ns(self) -> int:
        """When it may leave, if nothing in front of it waits longer."""
        return max((gate.until_ns for gate in self.gates), default=0)


@dataclass(slots=True, kw_only=True)
class Fate:
    """What was decided about a message, and is carried out while the rest of it comes."""

    passes: bool = True
    patch: tuple[int, int] | None = None
    before: tuple[Move, ...] = ()
    after: tuple[Move, ...] = ()
    aim: object = None
    mark: Mark | None = None
    errand: Errand | None = None
    sent: int = 0


PASS: Final = Fate()
"""The fate of a message that no fault hits; shared, so never changed."""

SWALLOW: Final = Fate(passes=False)
"""The fate of a message that vanishes without a word in the ledger: an answer to a question of ours, or a row of a truncated result."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """
    One direction.

    Attributes:
        direction: Which way it goes.
        framer: Finds the messages in what arrives.
        fate: What was decided about the message at hand; None if nothing yet.
        undecided: What came of it and waits for the decision.
        has_ended: Whether nothing leaves any more.
        row: How many rows of the result at hand came by; None if nobody counted from its beginning.
        is_truncating: Whether the rest of the result is dropped.
        farewell: Said behind the message at hand, and then all ends.
        origin: Where what came last came from.
        gates: What keeps back what comes now.
        queue: What waits.
    """

    direction: Direction
    framer: Framer
    origin: Origin
    fate: Fate | None = None
    undecided: list[tuple[bytes, Origin]] = field(default_factory=list)
    has_ended: bool = False
    row: int | None = None
    is_truncating: bool = False
    farewell: Farewell | None = None
    gates: list[Gate] = field(default_factory=list)
    queue: deque[Waiting] | None = None

    @property
    def is_within(self) -> bool:
        """Whether a part of a message has left, and the rest not yet."""
        return self.framer.is_inside and not self.undecided and (self.fate is None or self.fate.passes)  # None: it began before any fault was aimed.

    @property
    def is_busy(self) -> bool:
        """Whether what comes now must not simply pass, although no fault may be armed any more."""
        has_fate = self.fate is not None and self.fate is not PASS
        return bool(self.queue) or has_fate or self.is_truncating or self.has_ended or self.farewell is not None

    def emit(self, item: Item, origin: Origin, at_ns: int, out: list[Passed]) -> None:
        """Let something leave, or wait behind what keeps it back."""
        if self.gates:
            self.gates = [gate for gate in self.gates if gate.until_ns > at_ns]
        passed = Passed(at_ns, item, origin)
        if self.gates or self.queue:
            if self.queue is None:
                self.queue = deque()
            self.queue.append(Waiting(tuple(self.gates), passed, []))
        else:
            out.append(passed)

    def mark(self, mark: Mark, ledger: WireLedger) -> None:
        """Write down that what was emitted last was delivered, or see to it that it is when it leaves."""
        if self.queue:
            self.queue[-1].marks.append(mark)
        else:
            ledger.delivered(*mark)

    def take(self, now_ns: int, out: list[Passed], ledger: WireLedger) -> None:
        """Let leave what may leave by now."""
        while self.queue and self.queue[0].due_ns <= now_ns:
            waiting = self.queue.popleft()
            passed = waiting.passed
            out.append(passed._replace(at_ns=max(passed.at_ns, waiting.due_ns)))
            for mark in waiting.marks:
                ledger.delivered(*mark)

    @property
    def due_ns(self) -> int:
        """When something may leave by itself; ``FOREVER_NS`` if nothing will."""
        return self.queue[0].due_ns if self.queue else FOREVER_NS

    def discard(self) -> int:
        """Drop what waits, and return how many bytes that were."""
        dropped = self.held_bytes
        self.undecided.clear()
        self.queue = None
        return dropped

    @property
    def held_bytes(self) -> int:
        """How many bytes wait."""
        pieces = [piece for piece, _ in self.undecided]
        pieces += [waiting.passed.item for waiting in self.queue or () if isinstance(waiting.passed.item, bytes)]
        return sum(map(len, pieces))
