"""
The engine: what becomes of what flows, decided without a socket, a clock or chance of its own.

    feed(item, now) --> [ stage 0 ] --> [ stage 1 ] --> ready --> take(now)
                         toxic+queue     toxic+queue

A ``Flow`` is one direction of one connection. Its stages are the armed faults that touch it, in the order they were armed. Each stage
schedules an item at the instant it arrives and keeps it until then. Four rules hold whatever the toxics do:

* Order is kept: nothing leaves a stage before the item in front of it.
* Time adds up exactly: the next stage counts from the instant an item was due, not from the instant a timer noticed.
* Neighbours never disturb each other: arming or healing one fault leaves every other stage its queue and its dice.
* Healing holds nothing back: what the healed stage held moves on at once, in order.

``Armed`` is what the flows of one edge share: the faults, and an epoch that grows with each change. A flow compares one integer at
each chunk and rebuilds its stages only when it differs, so an edge without faults costs nothing and a thousand connections need no
visit when one is armed.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

from fraiseql_chaos.core import dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Refuse, StreamFault
from fraiseql_chaos.layers.stream.model import Direction, Item, Toxic
from fraiseql_chaos.layers.stream.toxics import make_toxic

__all__ = ["HELD_BYTES_DEFAULT", "Armed", "Flow"]

HELD_BYTES_DEFAULT: Final = 64 * 2**20
"""
How much one direction of one connection may hold before its sender is made to wait.

A delay caps throughput at this over the delay: 320 MB/s under 200 ms. A real wire is bounded by the receiver's window, which Linux
lets grow to 6 MiB (``tcp_rmem``), so this never binds first where a real one would not; memory is what it protects.
"""

ITEM_COST: Final = 256
"""What an item counts against the bound beside its bytes, so that a million one-byte chunks are bounded too."""


class Armed:
    """
    The faults that are armed at one edge, in order, and how often each has delayed a chunk.

    Args:
        seed: Where the dice of every toxic here derive from.
    """

    __slots__ = ("_faults", "delayed_chunks", "epoch", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0
        self.delayed_chunks: Counter[str] = Counter()
        self._faults: dict[str, StreamFault] = {}

    @property
    def refuses(self) -> bool:
        """Whether a fault is armed that keeps the door shut."""
        return any(isinstance(fault, Refuse) for fault in self._faults.values())

    def arm(self, fault_id: str, fault: StreamFault) -> None:
        """
        Add a fault behind those there are.

        Raises:
            DeclarationError: If the id is armed already.
        """
        if fault_id in self._faults:
            raise DeclarationError(f"a fault with the id {fault_id!r} is armed already; heal it first, or choose another id; nothing was armed")
        self._faults[fault_id] = fault
        self.epoch += 1

    def heal(self, fault_id: str) -> None:
        """
        Take a fault away.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        if fault_id not in self._faults:
            known = ", ".join(self._faults) or "none"
            raise DeclarationError(f"no fault with the id {fault_id!r} is armed here (armed: {known}); nothing was healed")
        del self._faults[fault_id]
        self.epoch += 1

    def stages(self, connection: int, direction: Direction, running: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """
        Return the stages one flow must have now: those that run already as they are, and new ones for what is new.

        Args:
            connection: The connection's ordinal at this edge; it and the direction pick the dice.
            direction: Which way the flow goes.
            running: The stages it has.
        """
        known = {id(stage.fault): stage for stage in running}  # By identity: an id may have been healed and armed again.
        stages = []
        for fault_id, fault in self._faults.items():
            if (stage := known.get(id(fault))) is None:
                toxic = make_toxic(fault, direction, dice(self.seed, fault_id, connection, direction))
                stage = None if toxic is None else Stage(fault_id, fault, toxic, self.delayed_chunks)
            if stage is not None:
                stages.append(stage)
        return tuple(stages)


class Stage:
    """One toxic at work on one flow, and what it holds."""

    __slots__ = ("_delayed", "_last_ns", "_toxic", "fault", "fault_id", "queue")

    def __init__(self, fault_id: str, fault: StreamFault, toxic: Toxic, delayed: Counter[str]) -> None:
        self.fault_id = fault_id
        self.fault = fault
        self.queue: deque[tuple[int, Item]] = deque()
        self._toxic = toxic
        self._delayed = delayed
        self._last_ns = 0

    def enter(self, item: Item, at_ns: int) -> int:
        """Schedule an item, and return by how much what is held grew, in bytes of the bound."""
        cost, is_late = 0, False
        for wanted_ns, passed in self._toxic.pass_on(item, at_ns):
            self._last_ns = max(self._last_ns, wanted_ns)
            self.queue.append((self._last_ns, passed))
            cost += _cost(passed)
            is_late = self._last_ns > at_ns
        if is_late and isinstance(item, bytes):
            self._delayed[self.fault_id] += 1
        return cost


class Flow:
    """
    One direction of one connection.

    Args:
        armed: The faults of its edge.
        connection: The connection's ordinal at this edge.
        direction: Which way it goes.
        held_bytes_limit: How much it may hold before ``is_full``; see ``HELD_BYTES_DEFAULT``.
    """

    __slots__ = ("_connection", "_direction", "_held", "_limit", "_ready", "armed", "epoch", "stages")

    def __init__(self, armed: Armed, *, connection: int, direction: Direction, held_bytes_limit: int = HELD_BYTES_DEFAULT) -> None:
        self.armed = armed
        self._connection = connection
        self._direction: Direction = direction
        self._limit = held_bytes_limit
        self._held = 0
        self._ready: list[Item] = []
        self.epoch = 0
        self.stages: tuple[Stage, ...] = ()

    @property
    def is_full(self) -> bool:
        """Whether its sender must wait."""
        return self._held >= self._limit

    @property
    def is_holding(self) -> bool:
        """Whether anything is still on its way."""
        return bool(self._ready) or any(stage.queue for stage in self.stages)

    @property
    def held_bytes(self) -> int:
        """How many bytes are on their way, exactly."""
        queued = (item for stage in self.stages for _, item in stage.queue)
        return sum(_size(item) for items in (self._ready, queued) for item in items)

    @property
    def due_ns(self) -> int | None:
        """When something will move next, or None if nothing is held."""
        return min((stage.queue[0][0] for stage in self.stages if stage.queue), default=None)

    def feed(self, item: Item, now_ns: int) -> None:
        """Take in an item that arrives now."""
        self.renew(now_ns)
        if self.stages:
            self._held += self.stages[0].enter(item, now_ns)
        else:
            self._ready.append(item)

    def take(self, now_ns: int) -> list[Item]:
        """Return what is due by now, in order."""
        for index, stage in enumerate(self.stages):
            queue = stage.queue
            while queue and queue[0][0] <= now_ns:
                due_ns, item = queue.popleft()
                self._leave(item, due_ns, self.stages[index + 1 :])
        taken, self._ready = self._ready, []
        return taken

    def renew(self, now_ns: int) -> None:
        """Pick up what was armed and healed since; what a healed stage held moves on now."""
        if self.epoch == self.armed.epoch:
            return
        before, self.stages = self.stages, self.armed.stages(self._connection, self._direction, self.stages)
        self.epoch = self.armed.epoch
        for index, stage in reversed(tuple(enumerate(before))):  # The last stage holds what arrived first.
            if stage in self.stages:
                continue
            remaining = tuple(later for later in before[index + 1 :] if later in self.stages)
            while stage.queue:
                self._leave(stage.queue.popleft()[1], now_ns, remaining)

    def discard(self) -> int:
        """Drop everything held, and return how many bytes that were."""
        dropped = self.held_bytes
        self._ready.clear()
        for stage in self.stages:
            stage.queue.clear()
        self._held = 0
        return dropped

    def _leave(self, item: Item, at_ns: int, onward: tuple[Stage, ...]) -> None:
        self._held -= _cost(item)
        if onward:
            self._held += onward[0].enter(item, at_ns)
        else:
            self._ready.append(item)


def _size(item: Item) -> int:
    return len(item) if isinstance(item, bytes) else 0


def _cost(item: Item) -> int:
    return _size(item) + ITEM_COST
