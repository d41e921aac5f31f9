"""
What is armed at one edge, shared by all connections through it.

An *epoch* grows with each change. A conversation compares one integer at each chunk and rebuilds its stages only when it differs, so an
edge without faults costs nothing, and a thousand connections need no visit when one is armed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.core import Duration, Rolls
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.hits import Hits
from fraiseql_chaos.layers.stream.model import Door, Meeting, Porter, StreamFault, Toxic
from fraiseql_chaos.layers.stream.scope import Choice

__all__ = ["Armed", "ArmedFault", "MakeToxic", "make_toxic"]

type MakeToxic = Callable[[StreamFault, Meeting], Toxic | None]

_DOORS: Final[tuple[Door, ...]] = ("open", "slow", "hanging", "shut")
"""From what lets most pass to what lets nothing pass."""


def make_toxic(fault: StreamFault, meeting: Meeting) -> Toxic | None:
    """Let the fault act as it says itself."""
    return fault.toxic(meeting)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmedFault:
    """
    A fault from its arming to its healing or its replacement; compared by identity, because an id may be armed again.

    Attributes:
        fault_id: What it is called at this edge.
        fault: The fault.
        name: What its dice are called.
        armed_ns: When it was armed.
        upcoming: The ordinal of the first connection that was opened after that.
        choice: Which connections it hits.
    """

    fault_id: str
    fault: StreamFault
    name: str
    armed_ns: int
    upcoming: int
    choice: Choice


class Armed:
    """
    The faults of one edge, in the order they were armed.

    Args:
        seed: Where the dice of everything armed here derive from.
        make_toxic: Makes a fault act on a connection.
        hits: Where is written down what the faults do.
    """

    __slots__ = ("_faults", "_make_toxic", "epoch", "hits", "seed")

    def __init__(self, seed: int, *, make_toxic: MakeToxic = make_toxic, hits: Hits | None = None) -> None:
        self.seed = seed
        self.epoch = 0
        self.hits = Hits() if hits is None else hits
        self._make_toxic = make_toxic
        self._faults: dict[str, ArmedFault] = {}

    @property
    def door(self) -> Door:
        """What connects meet now: the narrowest that any fault asks for."""
        return max((armed.fault.door for armed in self._faults.values()), key=_DOORS.index, default="open")

    @property
    def accept_delay(self) -> Duration:
        """How long a slow door takes for each connection: what all that slow it down ask for, one after the other."""
        return sum((armed.fault.accept_delay for armed in self._faults.values() if isinstance(armed.fault, Porter)), Duration(0))

    @property
    def faults(self) -> tuple[StreamFault, ...]:
        """What is armed now, in order."""
        return tuple(armed.fault for armed in self._faults.values())

    def arm(self, fault_id: str, fault: StreamFault, *, name: str, now_ns: int, present: Sequence[int] = (), upcoming: int = 0) -> None:
        """
        Add a fault behind those there are.

        Args:
            fault_id: What it is called from now on.
            fault: The fault.
            name: What its dice are called.
            now_ns: When this is.
            present: The ordinals of the connections that are open, ascending.
            upcoming: The ordinal of the next one.

        Raises:
            DeclarationError: If the id is armed already.
        """
        if fault_id in self._faults:
            raise DeclarationError(f"a fault with the id {fault_id!r} is armed already; heal it first, or choose another id; nothing was armed")
        self._put(fault_id, fault, name=name, now_ns=now_ns, present=present, upcoming=upcoming)

    def replace(self, fault_id: str, fault: StreamFault, *, now_ns: int, present: Sequence[int] = (), upcoming: int = 0) -> None:
        """
        Put a fault in another's place; it keeps that one's id, dice and place in line, and is armed from now.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        self._put(fault_id, fault, name=self._armed(fault_id).name, now_ns=now_ns, present=present, upcoming=upcoming)

    def heal(self, fault_id: str) -> None:
        """
        Take a fault away.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        self._armed(fault_id)
        del self._faults[fault_id]
        self.epoch += 1

    def on(self, connection: int) -> Iterator[ArmedFault]:
        """Yield the faults that hit a connection."""
        return (armed for armed in self._faults.values() if armed.choice.hits(connection))

    def hits_connection(self, fault_id: str, connection: int) -> bool:
        """
        Tell whether a fault hits a connection.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        return self._armed(fault_id).choice.hits(connection)

    def toxic(self, armed: ArmedFault, connection: int) -> Toxic | None:
        """Make a fault act on a connection that it hits; None if what it does is not done to what flows."""
        meeting = Meeting(connection=connection, is_new=connection >= armed.upcoming, armed_ns=armed.armed_ns, seed=self.seed, name=armed.name)
        return self._make_toxic(armed.fault, meeting)

    def _put(self, fault_id: str, fault: StreamFault, *, name: str, now_ns: int, present: Sequence[int], upcoming: int) -> None:
        choice = Choice(fault.scope, Rolls(self.seed, name, "toxicity"), present=present, upcoming=upcoming)
        self._faults[fault_id] = ArmedFault(fault_id=fault_id, fault=fault, name=name, armed_ns=now_ns, upcoming=upcoming, choice=choice)
        self.epoch += 1

    def _armed(self, fault_id: str) -> ArmedFault:
        if fault_id not in self._faults:
            known = ", ".join(self._faults) or "none"
            raise DeclarationError(f"no fault with the id {fault_id!r} is armed here (armed: {known}); nothing was changed")
        return self._faults[fault_id]
