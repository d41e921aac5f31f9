"""
The engine: what becomes of what flows, decided without a socket, a clock or chance of its own.

    feed(item, now) --> [ reader ] --> [ stage 0 ] --> [ stage 1 ] --> ready --> take(now)
                                        toxic+queues    toxic+queues

A ``Conversation`` is one connection, both directions of it. Its stages are the armed faults that hit it, in the order they were armed.
Each stage schedules an item at the instant it arrives and keeps it until then, in a queue for each direction. Four rules hold whatever
the toxics do:

* Order is kept: in each direction nothing leaves a stage before the item in front of it.
* Time adds up exactly: the next stage counts from the instant an item was due, not from the instant a timer noticed.
* Neighbours never disturb each other: arming or healing one fault leaves every other stage its queues and its dice.
* Healing holds nothing back: what the healed stage held moves on at once, in order. What it meant to do later of its own accord is not done.

What a toxic does of its own accord (``Opening``) waits in a line of its own until its instant, so a reset that is due in ten seconds keeps
no byte.

A *reader* stands in front of the stages and follows the conversation from its first byte, because what it reads cannot be joined in the
middle. While none of its faults is at work it only watches; while it is *engaged* everything goes through it, and it may hold things itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final, Protocol, cast

from fraiseql_chaos.layers.stream.armed import Armed, ArmedFault
from fraiseql_chaos.layers.stream.hits import Decision, Hit
from fraiseql_chaos.layers.stream.model import DIRECTIONS, FOREVER_NS, Closing, Direction, Ending, Item, Narrow, Opening, Origin, Passed, Toxic

__all__ = ["HELD_BYTES_DEFAULT", "Conversation", "Reader"]

HELD_BYTES_DEFAULT: Final = 64 * 2**20
"""
How much one direction of one connection may hold before its sender is made to wait.

A delay caps throughput at this over the delay: 320 MB/s under 200 ms. A real wire is bounded by the receiver's window, which Linux
lets grow to 6 MiB (``tcp_rmem``), so this never binds first where a real one would not; memory is what it protects.
"""

ITEM_COST: Final = 256
"""What an item counts against the bound beside its bytes, so that a million one-byte chunks are bounded too."""


class Reader(Toxic, Protocol):
    """A toxic that follows a connection from its first byte; see the header."""

    def watch(self, direction: Direction, data: bytes) -> Ending | None:
        """Follow what passes by untouched; an ending if the conversation cannot be read on and must not go on."""
        ...

    @property
    def is_engaged(self) -> bool:
        """Whether what passes must go through ``pass_on``: a fault hits the connection, or something that one began is not over."""
        ...

    def aim(self, faults: Sequence[Any], now_ns: int) -> Iterable[Passed]:
        """
        Learn which faults hit this connection from now on.

        Args:
            faults: ``ArmedFault``s, all of them of the reader's own layer.
            now_ns: When this is.

        Returns:
            What leaves because of that.
        """
        ...

    def take(self, now_ns: int) -> Iterable[Passed]:
        """Return what it held until now at the latest."""
        ...

    def discard(self, direction: Direction) -> int:
        """Drop everything it holds one way, and return how many bytes that were."""
        ...

    @property
    def due_ns(self) -> int | None:
        """When ``take`` will have something, or None if it will not by itself."""
        ...

    def held_bytes(self, direction: Direction) -> int:
        """Return how many bytes it holds one way."""
        ...


class Stage:
    """One toxic at work on one conversation, what it holds, and what it will do of its own accord (``own``, by instant)."""

    __slots__ = ("_last_ns", "_toxic", "armed", "own", "queues")

    def __init__(self, armed: ArmedFault, toxic: Toxic) -> None:
        self.armed = armed
        self.queues: dict[Direction, deque[Passed]] = {"up": deque(), "down": deque()}
        self.own: deque[Passed] = deque()
        self._toxic = toxic
        self._last_ns: dict[Direction, int] = {"up": 0, "down": 0}

    def begin(self, now_ns: int) -> Sequence[Passed]:
        """Ask a toxic that acts of its own accord what leaves as it meets the conversation."""
        return tuple(cast("Opening", self._toxic).begin(now_ns)) if _plays(type(self._toxic), Opening) else ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Sequence[Passed]:
        """Ask what becomes of an item."""
        return tuple(self._toxic.pass_on(item, origin, at_ns))

    def end(self, now_ns: int) -> Iterable[Passed]:
        """Ask a toxic with a last word for it."""
        return cast("Closing", self._toxic).end(now_ns) if _plays(type(self._toxic), Closing) else ()

    def schedule(self, passed: Passed) -> None:
        """Hold something until its instant, and never let it leave before what is held in front of it."""
        direction = passed.origin.direction
        at_ns = self._last_ns[direction] = max(self._last_ns[direction], passed.at_ns)
        self.queues[direction].append(passed if at_ns == passed.at_ns else passed._replace(at_ns=at_ns))

    @property
    def lines(self) -> tuple[deque[Passed], ...]:
        """Everything that waits here; what it does of its own accord first."""
        return (self.own, *self.queues.values())

    def backlog_bytes(self, direction: Direction) -> int | None:
        """Return how much the toxic wants to hold at most one way; None if it does not care."""
        return cast("Narrow", self._toxic).backlog_bytes(direction) if _plays(type(self._toxic), Narrow) else None


class Conversation:
    """
    One connection, both directions of it.

    Args:
        armed: The faults of its edge.
        connection: Its ordinal at this edge.
        held_bytes_limit: How much each direction may hold before it ``is_full``; see ``HELD_BYTES_DEFAULT``.
        reader: Follows it from the first byte.

    Attributes:
        stages: The faults at work on it.
        added_bytes, dropped_bytes: What toxics have put into each direction and taken out of it; a reader's doings are in its own records.
    """

    __slots__ = ("_connection", "_held", "_limit", "_limits", "_ready", "added_bytes", "armed", "dropped_bytes", "epoch", "reader", "stages")

    def __init__(self, armed: Armed, *, connection: int, held_bytes_limit: int = HELD_BYTES_DEFAULT, reader: Reader | None = None) -> None:
        self.armed = armed
        self.epoch = 0
        self.reader = reader
        self.stages: tuple[Stage, ...] = ()
        self.added_bytes: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.dropped_bytes: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self._connection = connection
        self._limit = held_bytes_limit
        self._limits: dict[Direction, int] = dict.fromkeys(DIRECTIONS, held_bytes_limit)
        self._held: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self._ready: list[Passed] = []

    def is_full(self, direction: Direction) -> bool:
        """Tell whether what flows one way must wait."""
        read = 0 if self.reader is None or not self.reader.is_engaged else self.reader.held_bytes(direction)
        return self._held[direction] + read >= self._limits[direction]

    @property
    def is_bent(self) -> bool:
        """Whether what arrives may become something else, or leave later."""
        return bool(self.stages) or (self.reader is not None and self.reader.is_engaged)

    def is_under(self, fault_id: str) -> bool:
        """Whether a fault is at work on it, or may be: a reader does not say which of its faults it still follows."""
        return any(stage.armed.fault_id == fault_id for stage in self.stages) or (self.reader is not None and self.reader.is_engaged)

    @property
    def is_holding(self) -> bool:
        """Whether anything is still on its way."""
        read = self.reader is not None and any(self.reader.held_bytes(direction) for direction in DIRECTIONS)
        return read or bool(self._ready) or any(line for stage in self.stages for line in stage.lines)

    def held_bytes(self, direction: Direction) -> int:
        """Return how many bytes are on their way, exactly."""
        queued = (passed for stage in self.stages for passed in stage.queues[direction])
        ready = (passed for passed in self._ready if passed.origin.direction == direction)
        read = 0 if self.reader is None else self.reader.held_bytes(direction)
        return read + sum(_size(passed.item) for passes in (ready, queued) for passed in passes)

    @property
    def due_ns(self) -> int | None:
        """When something will move next, or None if nothing will by itself."""
        due_ns = min((line[0].at_ns for stage in self.stages for line in stage.lines if line), default=FOREVER_NS)
        if self.reader is not None and (read_ns := self.reader.due_ns) is not None:
            due_ns = min(due_ns, read_ns)
        return None if due_ns >= FOREVER_NS else due_ns

    def feed(self, item: Item, origin: Origin, now_ns: int) -> None:
        """Take in an item that arrives now."""
        self.renew(now_ns)
        if self.reader is None:
            self._enter(item, origin, now_ns, self.stages)
        elif isinstance(item, Ending) or self.reader.is_engaged:
            self._enter_all(self.reader.pass_on(item, origin, now_ns))
        elif (ending := self.reader.watch(origin.direction, item)) is not None:
            self.dropped_bytes[origin.direction] += len(item)
            self._enter(ending, origin, now_ns, self.stages)
        else:
            self._enter(item, origin, now_ns, self.stages)

    def take(self, now_ns: int) -> list[tuple[Direction, Item]]:
        """Return what is due by now and which way it goes, in order for each direction."""
        if self.reader is not None:
            self._enter_all(self.reader.take(now_ns))
        for index, stage in enumerate(self.stages):
            onward = self.stages[index + 1 :]
            while stage.own and stage.own[0].at_ns <= now_ns:
                self._add(stage, stage.own.popleft(), onward)
            for queue in stage.queues.values():
                while queue and queue[0].at_ns <= now_ns:
                    self._leave(queue.popleft(), onward)
        taken, self._ready = self._ready, []
        return [(passed.origin.direction, passed.item) for passed in taken]

    def renew(self, now_ns: int) -> None:
        """Pick up what was armed and healed since; what a healed stage held moves on now, and what acts of its own accord acts."""
        if self.epoch == self.armed.epoch:
            return
        self.epoch = self.armed.epoch
        hitting = tuple(self.armed.on(self._connection))
        before, self.stages = self.stages, self._stages(hitting)
        for index, stage in reversed(tuple(enumerate(before))):  # The last stage holds what arrived first.
            if stage not in self.stages:
                self._let_go(stage, tuple(later for later in before[index + 1 :] if later in self.stages), now_ns)
        self._set_limits()
        if self.reader is not None:
            self._enter_all(self.reader.aim([armed for armed in hitting if armed.fault.layer == "wire"], now_ns))
        for stage in self.stages:
            if stage not in before:
                self._begin(stage, now_ns)

    def discard(self, direction: Direction) -> int:
        """Drop everything held one way, and return how many bytes that were."""
        dropped = self.held_bytes(direction)
        if self.reader is not None:
            self.reader.discard(direction)
        self._ready = [passed for passed in self._ready if passed.origin.direction != direction]
        for stage in self.stages:
            stage.queues[direction].clear()
            stage.own = deque(passed for passed in stage.own if passed.origin.direction != direction)
        self._held[direction] = 0
        return dropped

    def _stages(self, hitting: tuple[ArmedFault, ...]) -> tuple[Stage, ...]:
        """Return the stages there must be now: those that run already as they are, and new ones for what is new."""
        known = {stage.armed: stage for stage in self.stages}
        stages: list[Stage] = []
        for armed in hitting:
            if (stage := known.get(armed)) is None:
                toxic = self.armed.toxic(armed, self._connection)
                stage = None if toxic is None else Stage(armed, toxic)
            if stage is not None:
                stages.append(stage)
        return tuple(stages)

    def _set_limits(self) -> None:
        for direction in DIRECTIONS:
            wanted = (stage.backlog_bytes(direction) for stage in self.stages)
            self._limits[direction] = min((limit for limit in wanted if limit is not None), default=self._limit)

    def _enter_all(self, passes: Iterable[Passed]) -> None:
        """Let what a reader lets leave arrive at the stages."""
        for passed in passes:
            self._enter(passed.item, passed.origin, passed.at_ns, self.stages)

    def _begin(self, stage: Stage, now_ns: int) -> None:
        stage.own.extend(sorted(stage.begin(now_ns), key=attrgetter("at_ns")))

    def _enter(self, item: Item, origin: Origin, at_ns: int, stages: tuple[Stage, ...]) -> None:
        """Let an item arrive at the first of these stages, or at the end of them all."""
        if not stages:
            self._ready.append(Passed(at_ns, item, origin))
            return
        stage = stages[0]
        passes = stage.pass_on(item, origin, at_ns)
        self._note(stage, item, origin, at_ns, passes)
        for passed in passes:
            self._hold(stage, passed)

    def _hold(self, stage: Stage, passed: Passed) -> None:
        self._held[passed.origin.direction] += _cost(passed.item)
        stage.schedule(passed)

    def _leave(self, passed: Passed, onward: tuple[Stage, ...]) -> None:
        self._held[passed.origin.direction] -= _cost(passed.item)
        self._enter(passed.item, passed.origin, passed.at_ns, onward)

    def _let_go(self, stage: Stage, onward: tuple[Stage, ...], now_ns: int) -> None:
        stage.own.clear()
        for queue in stage.queues.values():
            while queue:
                self._leave(queue.popleft()._replace(at_ns=now_ns), onward)
        for passed in stage.end(now_ns):
            self._add(stage, passed, onward)

    def _note(self, stage: Stage, item: Item, origin: Origin, at_ns: int, passes: Sequence[Passed]) -> None:
        """Write down what became of an item, if anything did."""
        match passes:
            case [Passed(at_ns=left_ns, item=left)] if left is item:
                if left_ns > at_ns:
                    self._record(stage, item, origin, at_ns, "delayed")
            case []:
                self._record(stage, item, origin, at_ns, "dropped")
                self.dropped_bytes[origin.direction] += _size(item)
            case _:
                self._record(stage, item, origin, at_ns, "changed")
                for direction in DIRECTIONS:
                    more = sum(_size(passed.item) for passed in passes if passed.origin.direction == direction)
                    more -= _size(item) if direction == origin.direction else 0
                    self.added_bytes[direction] += max(0, more)
                    self.dropped_bytes[direction] += max(0, -more)

    def _add(self, stage: Stage, passed: Passed, onward: tuple[Stage, ...]) -> None:
        """Let leave what a toxic does of its own accord, and write it down."""
        self._record(stage, passed.item, passed.origin, passed.at_ns, "added")
        self.added_bytes[passed.origin.direction] += _size(passed.item)
        self._enter(passed.item, passed.origin, passed.at_ns, onward)

    def _record(self, stage: Stage, item: Item, origin: Origin, at_ns: int, decision: Decision) -> None:
        self.armed.hits.add(Hit(stage.armed.fault_id, at_ns, self._connection, origin.direction, origin.ordinal, _size(item), decision))


@cache
def _plays(toxic: type[Toxic], role: type) -> bool:
    """Tell whether toxics of a class play an optional role: asking a protocol takes longer than all else when a fault is armed on many connections."""
    return issubclass(toxic, role)


def _size(item: Item) -> int:
    return len(item) if isinstance(item, bytes) else 0


def _cost(item: Item) -> int:
    return _size(item) + ITEM_COST
