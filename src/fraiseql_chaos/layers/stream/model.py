"""
What flows through an edge, and the role a fault can play there.

    service <--- down --- [ edge ] <--- down --- server
            ---- up ---->          ---- up ---->

An *edge* is an address of ours in front of a server. Each connection through it has two directions that know nothing of each other,
and each direction carries *items*: chunks of bytes as the kernel handed them over, then at most one *ending*. An ending travels in
line behind the bytes, so a fault that holds bytes holds it too, as a slow wire would.

A fault that bends what flows acts as a *toxic*: one for each connection and direction, asked once for each item. It decides when
things leave and what leaves, and says so at once; holding, ordering and bounding what waits is the engine's job, the same for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, Protocol

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Address", "Direction", "Ending", "Item", "TcpAddress", "Toxic", "UnixAddress"]

type Direction = Literal["up", "down"]
"""``up`` is towards the server (requests), ``down`` towards the service (answers)."""


class Ending(Enum):
    """The two ways a direction can end."""

    FIN = "fin"
    """No more bytes will come; the other direction lives on (RFC 9293, half-close)."""
    RESET = "reset"
    """The connection is void in both directions."""


type Item = bytes | Ending


class Toxic(Protocol):
    """What one fault does to one direction of one connection."""

    def pass_on(self, item: Item, at_ns: int) -> Iterable[tuple[int, Item]]:
        """
        Decide what becomes of an item.

        Args:
            item: What arrived.
            at_ns: When it arrived here: the instant it left the toxic in front, not the instant a timer noticed.

        Returns:
            What leaves and when, in order: the item itself, parts of it, something else, or nothing. An instant before that of an
            earlier item is moved to it, so no toxic can reorder a stream by accident.
        """
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
