"""Drive a reader by hand, and check what leaves against what came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fraiseql_chaos.layers.stream.model import DIRECTIONS, Direction, Ending, Item, Origin, Passed
from fraiseql_chaos.layers.wire.engine import WireReader
from fraiseql_chaos.layers.wire.ledger import WireLedger
from fraiseql_chaos.layers.wire.model import WireFault
from layers.wire.conversations import Turn, login


@dataclass(frozen=True, kw_only=True, eq=False)
class Armed:
    """A fault that is armed."""

    fault_id: str
    fault: WireFault
    name: str = "fault"
    armed_ns: int = 0


@dataclass(kw_only=True)
class Driven:
    """A reader whose clock the test moves, and everything that left it."""

    reader: WireReader
    ledger: WireLedger
    armed: list[Armed] = field(default_factory=list)
    left: list[Passed] = field(default_factory=list)
    arrived: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(DIRECTIONS, 0))
    now_ns: int = 0

    def feed(self, direction: Direction, item: Item) -> list[Passed]:
        """Let something arrive, the cheap way where that is allowed."""
        origin = Origin(direction, 0, self.arrived[direction])
        self.arrived[direction] += len(item) if isinstance(item, bytes) else 0
        if isinstance(item, bytes) and not self.reader.is_engaged:
            ending = self.reader.watch(direction, item)
            return self.note([Passed(self.now_ns, item if ending is None else ending, origin)])
        return self.note(self.reader.pass_on(item, origin, self.now_ns))

    def run(self, turns: Iterable[Turn]) -> list[Passed]:
        return [passed for direction, data in turns for passed in self.feed(direction, data)]

    def arm(self, *faults: WireFault) -> list[Passed]:
        self.armed += [Armed(fault_id=f"{len(self.armed) + n}-{fault.kind}", fault=fault) for n, fault in enumerate(faults)]
        return self.note(self.reader.aim(self.armed, self.now_ns))

    def heal(self, number: int | None = None) -> list[Passed]:
        """Heal one fault, or all."""
        del self.armed[slice(None) if number is None else slice(number, number + 1)]
        return self.note(self.reader.aim(self.armed, self.now_ns))

    def wait(self, until_ns: int) -> list[Passed]:
        self.now_ns = until_ns
        return self.note(self.reader.take(until_ns))

    def note(self, passes: Iterable[Passed]) -> list[Passed]:
        passed = list(passes)
        self.left += passed
        return passed

    def bytes_left(self, direction: Direction) -> bytes:
        return said(self.left, direction)

    @property
    def endings(self) -> list[tuple[Direction, Ending]]:
        return [(passed.origin.direction, passed.item) for passed in self.left if isinstance(passed.item, Ending)]


def said(passes: Sequence[Passed], direction: Direction) -> bytes:
    """Return the bytes among what left one way."""
    return b"".join(passed.item for passed in passes if passed.origin.direction == direction and isinstance(passed.item, bytes))


def driven(*, body_limit: int = 2**20, connection: int = 0, seed: int = 7, ledger: WireLedger | None = None) -> Driven:
    ledger = ledger or WireLedger()
    return Driven(reader=WireReader(connection=connection, seed=seed, ledger=ledger, body_limit=body_limit), ledger=ledger)


def logged_in(*, body_limit: int = 2**20, connection: int = 0, seed: int = 7, ledger: WireLedger | None = None) -> Driven:
    """A reader of a connection that stands and is idle; what passed before is forgotten."""
    made = driven(body_limit=body_limit, connection=connection, seed=seed, ledger=ledger)
    made.run(login())
    made.left.clear()
    return made


def bytes_of(turns: Iterable[Turn], direction: Direction) -> bytes:
    return b"".join(data for way, data in turns if way == direction)
