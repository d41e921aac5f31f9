"""
Which packets a fault is about.

    Match(tcp="syn", first=1)            the first SYN of each connection
    Match(port=5432, tcp="data", nth=3)  the third segment that carries anything, each way, of each connection with that port

A ``Match`` is a value and knows nothing of earlier packets. What counts (``first``, ``nth``) is a ``Counter``, one for each who asks: a fault that
decides, and a witness that asks afterwards which of the captured packets the fault was about. Both count alike because both count only what they
saw leave the sender, in order.

Packets are counted for each connection and each way by itself: how the two ways interleave is no more repeatable than a race. A SYN with another
initial sequence number begins a new connection on the same ports, and its counting; a SYN that is sent again does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.packet import ACK, FIN, RST, SYN, TCP, Packet

__all__ = ["FLOWS_KEPT", "Counter", "Match", "TcpKind"]

type TcpKind = Literal["any", "syn", "ack", "data", "fin", "rst"]
"""``any`` is every packet, of whatever protocol; all others are TCP segments. ``ack`` acknowledges and does nothing else."""

_KINDS: Final[tuple[TcpKind, ...]] = get_args(TcpKind.__value__)

FLOWS_KEPT: Final = 2**16
"""How many flows are counted at a time: some 16 MB at most, and as many connections as one address has ports. The oldest is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """
    What a packet must be for a fault to be about it.

    Args:
        port: The port at either end; None for any, and for packets without ports.
        size_at_least: How long the whole packet is at least, in bytes; None for no limit.
        size_at_most: How long it is at most, in bytes; None for no limit.
        tcp: Which kind of TCP segment: ``syn`` (also the one that answers), ``ack`` (nothing but an acknowledgement), ``data`` (carries something),
            ``fin``, ``rst``; ``any`` for every packet.
        first: Only the first so many that fit, of each connection and way; None for no limit.
        nth: Only the n-th that fits, from 1, of each connection and way; None for any.

    Raises:
        DeclarationError: If a number or the word means nothing, no size is left, or ``first`` and ``nth`` are both given.
    """

    port: int | None = None
    size_at_least: int | None = None
    size_at_most: int | None = None
    tcp: TcpKind = "any"
    first: int | None = None
    nth: int | None = None

    def __post_init__(self) -> None:
        if self.port is not None and (not _is_whole(self.port) or not 0 < self.port < 2**16):
            raise DeclarationError(f"match: port is a number from 1 to 65535, or None, not {self.port!r}; nothing was armed")
        for name, value in (("size_at_least", self.size_at_least), ("size_at_most", self.size_at_most)):
            if value is not None and (not _is_whole(value) or value < 1):
                raise DeclarationError(f"match: {name} is a whole number of bytes, at least 1, or None, not {value!r}; nothing was armed")
        if self.size_at_least is not None and self.size_at_most is not None and self.size_at_least > self.size_at_most:
            raise DeclarationError(f"match: no packet is at least {self.size_at_least} and at most {self.size_at_most} bytes long; nothing was armed")
        if self.tcp not in _KINDS:
            raise DeclarationError(f"match: tcp is one of {', '.join(_KINDS)}, not {self.tcp!r}; nothing was armed")
        for name, value in (("first", self.first), ("nth", self.nth)):
            if value is not None and (not _is_whole(value) or value < 1):
                raise DeclarationError(f"match: {name} is a number of packets from 1, or None, not {value!r}; nothing was armed")
        if self.nth is not None and self.first is not None:
            raise DeclarationError("match: nth is one packet and first are several, so give one of the two; nothing was armed")

    def __str__(self) -> str:
        parts = [] if self.tcp == "any" else [self.tcp.upper() if self.tcp != "data" else "data"]
        if self.port is not None:
            parts.append(f"port {self.port}")
        if self.size_at_least is not None:
            parts.append(f"from {self.size_at_least} bytes on")
        if self.size_at_most is not None:
            parts.append(f"up to {self.size_at_most} bytes")
        if self.first is not None:
            parts.append(f"the first {self.first} of a connection")
        if self.nth is not None:
            parts.append(f"number {self.nth} of a connection")
        return ", ".join(parts)

    @property
    def clause(self) -> str:
        """What it says, as the end of a sentence about a fault; empty if it fits everything."""
        return f", of {self}" if str(self) else ""

    @property
    def is_everything(self) -> bool:
        """Whether it fits every packet that can be read."""
        return self == _EVERYTHING

    @property
    def counts(self) -> bool:
        """Whether it depends on earlier packets of the connection."""
        return self.first is not None or self.nth is not None

    def covers(self, packet: Packet) -> bool:
        """Tell whether a packet fits, but for counting."""
        size = len(packet.raw)
        if self.size_at_least is not None and size < self.size_at_least:
            return False
        if self.size_at_most is not None and size > self.size_at_most:
            return False
        if self.port is not None and self.port not in {packet.source_port, packet.destination_port}:
            return False
        return self.tcp == "any" or (packet.protocol == TCP and self._is_of_the_kind(packet))

    def counter(self, *, flows_kept: int = FLOWS_KEPT) -> Counter:
        """Return what tells, packet after packet in the order they were sent, which of them fit; see ``Counter``."""
        return Counter(self, flows_kept=flows_kept)

    def _is_of_the_kind(self, packet: Packet) -> bool:
        flags = packet.flags
        match self.tcp:
            case "syn":
                return flags & SYN != 0
            case "fin":
                return flags & FIN != 0
            case "rst":
                return flags & RST != 0
            case "data":
                return packet.end > packet.payload
            case _:
                return packet.end == packet.payload and flags & (SYN | FIN | RST | ACK) == ACK


_EVERYTHING: Final = Match()


class Counter:
    """
    Tells which packets fit a match, and counts as it goes.

    Args:
        match: What they must be.
        flows_kept: How many flows are counted at a time; see ``FLOWS_KEPT``.
    """

    __slots__ = ("_counted", "_counts", "_flows_kept", "_match")

    def __init__(self, match: Match, *, flows_kept: int = FLOWS_KEPT) -> None:
        self._flows_kept = flows_kept
        self._match = match
        self._counts = match.counts
        self._counted: dict[tuple[str, bytes], tuple[int | None, int]] = {}  # The initial sequence number, if known, and how many fitted.

    def fits(self, packet: Packet | None, direction: str) -> bool:
        """
        Tell whether a packet fits; each is to be asked about once, in the order they were sent.

        Args:
            packet: The packet; None, one that could not be read, fits nothing.
            direction: Which way it goes.
        """
        if packet is None:
            return False
        if not self._counts:
            return self._match.covers(packet)
        flow = (direction, packet.flow)
        if packet.protocol == TCP and packet.flags & SYN and self._counted.get(flow, (None, 0))[0] != (opened := packet.sequence):
            self._count(flow, opened, 0)
        if not self._match.covers(packet):
            return False
        opened_by, before = self._counted.get(flow, (None, 0))
        self._count(flow, opened_by, before + 1)
        return before == self._match.nth - 1 if self._match.nth is not None else before < (self._match.first or 0)

    def _count(self, flow: tuple[str, bytes], opened: int | None, count: int) -> None:
        if flow not in self._counted and len(self._counted) >= self._flows_kept:
            del self._counted[next(iter(self._counted))]
        self._counted[flow] = (opened, count)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
