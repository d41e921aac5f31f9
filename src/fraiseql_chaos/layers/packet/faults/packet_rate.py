"""
A bottleneck: packets pass no faster than a given rate, and queue in front of it until the queue is full.

A wire of that rate is put into each direction it acts on, for all connections together: a packet waits until everything in front of it is through, and
then takes its own length over the rate. The queue in front of the wire takes so many packets, or so many bytes, whichever is reached first;
what arrives then is lost (tail drop) and counted, so a sender meets first growing delay and then loss, as at a real bottleneck. A large queue at a small
rate is a bufferbloat. An idle wire saves nothing up: a pause does not buy a burst. When it is healed the queue leaves at once.

Witnesses: a capture at both ends of the link: no packet can have been on its way for less than its length takes at this rate, and no more bytes can have
arrived than the rate lets pass. A rate so high that a packet takes no longer than it did before cannot be told from health. The kernel's table of
connections shows that the service's went this way.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import NS_PER_S, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import (
    DIRECTION_CHOICES,
    DIRECTION_WORDS,
    DIRECTIONS,
    DIRECTIONS_OF,
    WITNESSES,
    Direction,
    Directions,
    Fate,
    Leaving,
    Meeting,
)
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import late, number, reach, slices
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, parameters_of

__all__ = ["PacketRate"]

PACKET_LEAST: Final = 20
"""No IP packet is shorter than its header: a queue that does not take one takes nothing."""

PACKET_MOST: Final = 2**16
"""No IP packet is longer: what a wire may have been busy with when a count began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRate:
    """
    Let packets pass at a rate, with a bounded queue.

    Args:
        rate_bytes_per_s: How many bytes, IP headers among them, leave in a second at most; at least 1.
        queue_packets: How many packets may wait, the one on the wire among them; at least 1.
        queue_bytes: How many bytes may; None for no limit but that of packets. An empty wire takes any packet.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` a wire each way.
        match: Which packets have to pass; the others go around.

    Raises:
        DeclarationError: If the rate or a length is no whole number of at least its least, or the direction is none.
    """

    kind: ClassVar[str] = "packet_rate"
    failure_type: ClassVar[str] = "packet_rate"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    rate_bytes_per_s: int
    queue_packets: int = 100
    queue_bytes: int | None = None
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_count(self.kind, "rate_bytes_per_s", self.rate_bytes_per_s, least=1, of="bytes per second")
        check_count(self.kind, "queue_packets", self.queue_packets, least=1, of="packets")
        if self.queue_bytes is not None:
            check_count(self.kind, "queue_bytes", self.queue_bytes, least=PACKET_LEAST, of="bytes")
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        if self.queue_bytes is not None and self.match.size_at_least is not None and self.match.size_at_least > self.queue_bytes:
            raise DeclarationError(
                f"packet_rate: a queue of {self.queue_bytes} bytes has no room for packets from {self.match.size_at_least} bytes on; nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in bytes per second, packets and bytes."""
        return parameters_of(self)

    def __str__(self) -> str:
        queue = f"{self.queue_packets} packets" + (f" or {self.queue_bytes} bytes" if self.queue_bytes is not None else "")
        return f"{self.rate_bytes_per_s} bytes/s {DIRECTION_WORDS[self.direction]} behind a queue of {queue}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Bottleneck:
        """Return what it does on a link."""
        del meeting  # A wire has no chance of its own.
        return Bottleneck(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the slices whose packets took as long as they must at this rate, if most did, had not before, and no more arrived than can; and how often the service went that way."""
        seen = late(
            before,
            during,
            direction=self.direction,
            floor_ns=self._least_ns,
            field="delay_us_max",
            asked=f"{self.rate_bytes_per_s} bytes/s",
        )
        if seen.count and (too_many := self._too_many(during)):
            seen = Sighting(witness=seen.witness, count=0, statement=f"{seen.statement}, but {too_many}")
        lost = sum(number(s, "missing") for s in slices(during, self.direction))
        told = Sighting(witness=seen.witness, count=seen.count, statement=f"{seen.statement}; {lost} packets found no room or were lost otherwise")
        return (told, reach(during))

    def _least_ns(self, look: Sample) -> int:
        """Return what the longest packet of a slice took at least: it is as long as the mean one, or longer."""
        return number(look, "bytes_arrived") * NS_PER_S // (max(1, number(look, "arrived")) * self.rate_bytes_per_s)

    def _too_many(self, during: tuple[Sample, ...]) -> str:
        """Return what arrived beyond what the rate lets pass; empty if nothing did."""
        for way in DIRECTIONS_OF[self.direction]:
            looks = slices(during, way)
            if not looks:
                continue
            longest_ns = max(number(s, "delay_us_max") for s in looks) * 1000
            span_ns = max(s.at_ns for s in looks) - looks[0].began_ns + longest_ns
            arrived = sum(number(s, "bytes_arrived") for s in looks)
            if arrived > self.rate_bytes_per_s * span_ns // NS_PER_S + PACKET_MOST:
                return f"{arrived} bytes arrived {DIRECTION_WORDS[way]} within {span_ns / NS_PER_S:.3g} s: more than the rate that was asked for"
        return ""


class Bottleneck:
    """A wire each way that takes a byte's time for each byte: within a busy period all is reckoned from its beginning, so no rounding adds up."""

    __slots__ = ("_fault", "_wires")

    def __init__(self, fault: PacketRate) -> None:
        self._fault = fault
        self._wires = {direction: _Wire() for direction in DIRECTIONS}

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet leave when it is through, or drop it where there is no room."""
        del ordinal
        fault, wire, size = self._fault, self._wires[direction], len(packet.raw)
        wire.let_go(at_ns)
        is_full = len(wire.waiting) >= fault.queue_packets
        is_full |= fault.queue_bytes is not None and bool(wire.waiting) and wire.waiting_bytes + size > fault.queue_bytes
        if is_full:
            return Fate("overflowed")
        return Fate("delayed", (Leaving(wire.enter(size, at_ns, fault.rate_bytes_per_s), direction, packet.raw),))


class _Wire:
    """One direction: what is not through yet, and since when it has been busy."""

    __slots__ = ("_busy_bytes", "_busy_from_ns", "_free_ns", "waiting", "waiting_bytes")

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, int]] = deque()  # When each will be through, and how long it is.
        self.waiting_bytes = 0
        self._busy_bytes = self._busy_from_ns = self._free_ns = 0

    def let_go(self, at_ns: int) -> None:
        """Forget what is through by now."""
        while self.waiting and self.waiting[0][0] <= at_ns:
            self.waiting_bytes -= self.waiting.popleft()[1]

    def enter(self, size: int, at_ns: int, rate_bytes_per_s: int) -> int:
        """Queue a packet, and return when it will be through."""
        if at_ns > self._free_ns:
            self._busy_from_ns, self._busy_bytes = at_ns, 0
        self._busy_bytes += size
        self._free_ns = self._busy_from_ns + -(-self._busy_bytes * NS_PER_S // rate_bytes_per_s)
        self.waiting.append((self._free_ns, size))
        self.waiting_bytes += size
        return self._free_ns
