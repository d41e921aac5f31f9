"""
What flows through an edge, and the role a fault can play there.

    service <--- down --- [ edge ] <--- down --- server
            ---- up ---->          ---- up ---->

An *edge* is an address of ours in front of a server. Each connection through it has two directions, and each direction carries *items*:
chunks of bytes as the kernel handed them over, then at most one *ending*. An ending travels in line behind the bytes, so a fault that
holds bytes holds it too, as a slow wire would.

A fault that bends what flows acts as a *toxic*: one for each connection, asked once for each item of either direction. It decides when
things leave, what leaves and which way, and says so at once; holding, ordering and bounding what waits is the engine's job, the same for
all. Every item carries where it came from (its *origin*), so that a decision can depend on the chunk's place in what arrived, or on the
byte's, and not on what the faults in front made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar, Final, Literal, NamedTuple, Protocol, runtime_checkable

from fraiseql_chaos.core import Duration, Rolls
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fault

__all__ = [
    "DIRECTIONS",
    "DIRECTION_WORDS",
    "FOREVER_NS",
    "Address",
    "Closing",
    "Direction",
    "Door",
    "Ending",
    "Item",
    "Meeting",
    "Narrow",
    "Opening",
    "Origin",
    "Passed",
    "Porter",
    "StreamFault",
    "TcpAddress",
    "Toxic",
    "UnixAddress",
    "other_way",
]

type Direction = Literal["up", "down"]
"""``up`` is towards the server (requests), ``down`` towards the service (answers)."""

DIRECTIONS: Final[tuple[Direction, Direction]] = ("up", "down")

DIRECTION_WORDS: Final[Mapping[str, str]] = {"down": "towards the service", "up": "towards the server"}
"""The directions, as messages say them."""

type Door = Literal["open", "slow", "hanging", "shut"]
"""
What a connect to the edge meets. ``slow``: the kernel completes it, but it is accepted late (see ``Porter``). ``hanging``: the kernel drops its SYN, and the
connect waits. ``shut``: the kernel answers ECONNREFUSED.
"""


def other_way(direction: Direction) -> Direction:
    """Return the opposite direction."""
    return "down" if direction == "up" else "up"


FOREVER_NS: Final = 2**62
"""An instant 146 years after boot: a toxic holds an item until it is healed by letting it leave then."""


class Ending(Enum):
    """The ways a direction can end."""

    FIN = "fin"
    """No more bytes will come; the other direction lives on (RFC 9293, half-close)."""
    RESET = "reset"
    """The connection is void in both directions, and both ends are sent an RST."""
    CUT = "cut"
    """Both sockets close, as the kernel does it for a process that dies: FIN, or RST where bytes lay unread."""
    LOST = "lost"
    """The receiver's socket alone is reset; the end this came from is told nothing, and what it says from now on vanishes."""


type Item = bytes | Ending


class Origin(NamedTuple):
    """
    Where an item came from, and so which way it goes.

    Attributes:
        direction: Which way it goes. A toxic that answers in the peer's stead passes an item the other way by giving it the other direction.
        ordinal: The place of its chunk among all that arrived this way on this connection, from 0; an ending counts as one.
        offset: How many bytes had arrived this way before the item's first one.
    """

    direction: Direction
    ordinal: int
    offset: int


class Passed(NamedTuple):
    """What leaves a toxic, and when: an instant of the machine's monotonic clock, in nanoseconds."""

    at_ns: int
    item: Item
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """
    A fault and a connection that it hits.

    Attributes:
        connection: The connection's ordinal at its edge, from 0.
        is_new: Whether the connection was opened while the fault was armed; False if it was there before.
        armed_ns: When the fault was armed.
        seed: Where the dice derive from.
        name: What the dice are called: a name that does not change when another fault is added or removed.
    """

    connection: int
    is_new: bool
    armed_ns: int
    seed: int
    name: str

    def rolls(self, direction: Direction) -> Rolls:
        """Return the fault's dice for one direction of this connection; the n-th roll is a function of n and of nothing rolled before."""
        return Rolls(self.seed, self.name, self.connection, direction)


class Toxic(Protocol):
    """What one fault does to one connection."""

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """
        Decide what becomes of an item.

        Args:
            item: What arrived.
            origin: Where it came from and which way it goes.
            at_ns: When it arrived here: the instant it left the toxic in front, not the instant a timer noticed.

        Returns:
            What leaves and when, in order: the item itself, parts of it, something else, or nothing. An instant before that of an
            earlier item going the same way is moved to it, so no toxic can reorder a stream by accident. What goes the other way than it
            came passes the toxics behind this one, too.
        """
        ...


@runtime_checkable
class Opening(Protocol):
    """A toxic that acts although nothing arrives: asked once, when it meets its connection."""

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """
        Return what leaves because the fault was armed, or the connection opened, now.

        It may lie in the future, and keeps nothing waiting until then; if the fault is healed before, it is not done.
        """
        ...


@runtime_checkable
class Closing(Protocol):
    """A toxic that has a last word: asked once, when its fault is healed and what it held has been let go."""

    def end(self, at_ns: int) -> Iterable[Passed]:
        """Return what leaves because the fault was healed now."""
        ...


@runtime_checkable
class Narrow(Protocol):
    """A toxic that holds little: what waits in front of it makes the sender wait, as a full queue of a slow wire does."""

    def backlog_bytes(self, direction: Direction) -> int | None:
        """Return how much the connection may hold one way; None if it does not matter."""
        ...


class StreamFault(Fault, Protocol):
    """
    A fault of the stream layer: a value that knows how it acts.

    Attributes:
        door: What connects meet while it is armed.
        acts_at_once: Whether its toxic is an ``Opening`` or ``Narrow``, so that idle connections must meet it when it is armed.
    """

    door: ClassVar[Door]
    acts_at_once: ClassVar[bool]

    @property
    def scope(self) -> Scope:
        """Which connections it hits."""
        ...

    def toxic(self, meeting: Meeting) -> Toxic | None:
        """Return what it does to a connection that it hits; None if it acts on the door alone."""
        ...


@runtime_checkable
class Porter(Protocol):
    """A fault whose door is ``slow``."""

    @property
    def accept_delay(self) -> Duration:
        """How long the door takes for each connection, once those in front of it are accepted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """
    A TCP address.

    Raises:
        DeclarationError: If the host is empty or the port is not one to connect to.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        if not isinstance(self.host, str) or not self.host:
            raise DeclarationError(f"a TCP address needs a host, as 127.0.0.1, not {self.host!r}; nothing was opened")
        if isinstance(self.port, bool) or not isinstance(self.port, int) or not 0 < self.port < 2**16:
            raise DeclarationError(f"a TCP port is a number from 1 to 65535, not {self.port!r}; nothing was opened")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixAddress:
    """
    A Unix socket's path, absolute because the proxy has a working directory of its own.

    Raises:
        DeclarationError: If the path is not an absolute one.
    """

    path: Path

    def __post_init__(self) -> None:
        if not isinstance(self.path, Path) or not self.path.is_absolute():
            raise DeclarationError(f"a Unix socket address is an absolute Path, not {self.path!r}; nothing was opened")

    def __str__(self) -> str:
        return str(self.path)


type Address = TcpAddress | UnixAddress
