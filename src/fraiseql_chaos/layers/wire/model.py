"""
What a fault sees of a message, and what it can have done about it.

    fault.strike(Struck) -> Act            a pure function: the fault decides
    the engine carries the act out         the only place that knows lanes, pieces and clocks

An *act* is what happens before the message's first byte leaves, what becomes of the message itself, and what happens behind its last byte.
What happens is a *move*, of which there are four. So a new fault is a new combination of these, and rarely a new move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from fraiseql_chaos.layers.stream.model import Direction, Ending, StreamFault
from fraiseql_chaos.layers.wire.tracking import Dialogue
from fraiseql_chaos.layers.wire.trigger import Trigger

__all__ = ["Act", "Ask", "End", "Farewell", "Hold", "Move", "Struck", "When", "WireFault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """
    A message that a fault's trigger fits.

    Attributes:
        code: Its type.
        direction: Which way it goes.
        body: As much of its body as was read.
        length: Its length with its head, in bytes.
        sql: The statement it belongs to, if that is known.
        row: Which row of its result it is, from 1, if it is one; None if nobody counted.
        dialogue: What the conversation is at.
        roll: The fault's roll for it, in [0, 1).
        at_ns: When it came.
    """

    code: int
    direction: Direction
    body: bytes
    length: int
    sql: bytes | None
    row: int | None
    dialogue: Dialogue
    roll: float
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The connection ends here."""

    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """
    From here on nothing leaves.

    Attributes:
        until_ns: Until when at the latest; healing lets go at once.
        directions: Which ways.
    """

    until_ns: int
    directions: tuple[Direction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """
    The client is told something, behind the message that it is being told, and then both ends are closed in good order.

    Attributes:
        words: A whole message.
    """

    words: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """
    The server is asked something in the client's stead.

    Attributes:
        words: Whole messages.
        expected: The types of those among them that will be answered, in order; empty if they stand for the message that was hit.
        hidden: How many of the answers are not passed on, if the words stand for the message.
    """

    words: bytes
    expected: bytes = b""
    hidden: int = 0


type When = Literal["before", "after"]
"""Whether something happens in front of a message, or behind it."""

type Move = End | Hold | Farewell | Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """
    What becomes of a message.

    Attributes:
        decision: In a few words, for the ledger.
        before: What happens in front of its first byte.
        passes: Whether it passes on itself.
        patch: A byte of it to change: its place from the type byte, and the bits that flip.
        after: What happens behind its last byte.
        rest_of_result: Whether the rows behind it, up to the end of the result, are dropped too.
    """

    decision: str
    before: Sequence[Move] = ()
    passes: bool = True
    patch: tuple[int, int] | None = None
    after: Sequence[Move] = ()
    rest_of_result: bool = False


class WireFault(StreamFault, Protocol):
    """
    A fault on an exact message.

    Attributes:
        reads_body_of: The types of messages of the server whose body it must see.
    """

    reads_body_of: ClassVar[bytes]

    @property
    def trigger(self) -> Trigger:
        """Which messages it hits."""
        ...

    def strike(self, struck: Struck) -> Act | None:
        """Decide what becomes of a message that its trigger fits; None if it can do nothing to this one."""
        ...
