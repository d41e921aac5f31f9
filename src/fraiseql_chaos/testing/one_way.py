"""One direction of a conversation on a clock that the test moves, and its faults."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.engine import Conversation
from fraiseql_chaos.layers.stream.model import Direction, Item, Origin, StreamFault

__all__ = ["OneWay", "Timed", "arm", "armed_with"]

type Timed = list[tuple[int, Item]]
"""What left, and when."""


class OneWay:
    """
    Feeds one direction and returns what leaves that way; what goes the other way is kept in ``other``.

    Args:
        armed: What is armed.
        connection: The connection's ordinal.
        direction: Which way is fed.
        held_bytes_limit: How much may be held.
    """

    def __init__(self, armed: Armed, *, connection: int = 0, direction: Direction = "down", held_bytes_limit: int = 2**20) -> None:
        self.talk = Conversation(armed, connection=connection, held_bytes_limit=held_bytes_limit)
        self.direction: Direction = direction
        self.other: Timed = []
        self._chunks = self._bytes = 0

    def feed(self, item: Item, now_ns: int) -> None:
        """Let an item arrive."""
        self.talk.feed(item, Origin(self.direction, self._chunks, self._bytes), now_ns)
        self._chunks += 1
        self._bytes += len(item) if isinstance(item, bytes) else 0

    def take(self, now_ns: int) -> list[Item]:
        """Return what leaves by now."""
        taken = self.talk.take(now_ns)
        self.other += [(now_ns, item) for direction, item in taken if direction != self.direction]
        return [item for direction, item in taken if direction == self.direction]

    def renew(self, now_ns: int) -> None:
        """Let the conversation learn what was armed and healed."""
        self.talk.renew(now_ns)

    def run_out(self) -> Timed:
        """Move the clock from one due instant to the next until nothing moves by itself any more."""
        left: Timed = []
        while (due_ns := self.talk.due_ns) is not None:
            assert self.take(due_ns - 1) == []
            left += [(due_ns, item) for item in self.take(due_ns)]
        return left

    @property
    def due_ns(self) -> int | None:
        """When something will move next."""
        return self.talk.due_ns

    @property
    def is_full(self) -> bool:
        """Whether the sender must wait."""
        return self.talk.is_full(self.direction)

    @property
    def is_holding(self) -> bool:
        """Whether anything is on its way."""
        return self.talk.is_holding

    @property
    def held_bytes(self) -> int:
        """How much is."""
        return self.talk.held_bytes(self.direction)

    def discard(self) -> int:
        """Drop what is, and return how much it was."""
        return self.talk.discard(self.direction)


def arm(armed: Armed, fault_id: str, fault: StreamFault, *, now_ns: int = 0) -> None:
    """Arm a fault on an edge whose connections all come later."""
    armed.arm(fault_id, fault, name=fault_id, now_ns=now_ns)


def armed_with(*faults: StreamFault, seed: int = 1) -> Armed:
    """Return an edge's faults, with ids as a plan gives them."""
    armed = Armed(seed)
    for number, fault in enumerate(faults):
        arm(armed, f"{number}-{fault.kind}", fault)
    return armed
