"""
Packets arrive twice.

Each packet that fits is, with probability ``rate``, followed by a copy: the very same bytes, at once or ``delay`` later. TCP throws the copy away and
says so to the sender (a duplicate acknowledgement with D-SACK), and enough of those look to the sender like loss; the service must not notice anything
but that. A protocol over UDP, or anything in front of TCP that counts packets, has no such protection.

Witnesses: a capture at both ends of the link, where arrivals beyond the first of what was sent are counted; the asked rate must lie within the 99.9 %
interval of the counted one. Both kernels' counters, as the receiver reports copies and the sender takes note. The kernel's table of connections
shows that the service's went this way.

Source:
    RFC 2883 (D-SACK).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import (
    DIRECTION_CHOICES,
    DIRECTION_WORDS,
    DIRECTIONS,
    WITNESSES,
    Direction,
    Directions,
    Fate,
    Leaving,
    Meeting,
)
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import corroborated, reach, received_by, sent_by, share
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, check_share, parameters_of

__all__ = ["Duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """
    Deliver packets twice.

    Args:
        rate: The probability for each packet, above 0 and at most 1.
        delay: How long after the packet its copy leaves; 0 for right behind it.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself.
        match: Which packets may be hit.

    Raises:
        DeclarationError: If the rate is no share, the delay has no unit, or the direction is none.
    """

    kind: ClassVar[str] = "duplicate"
    failure_type: ClassVar[str] = "duplicate"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    rate: float
    delay: Duration = Duration(0)
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_share(self.kind, "rate", self.rate)
        check_duration(self.kind, "delay", self.delay)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares and milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        later = f" {self.delay} apart" if self.delay.ns else ""
        return f"{self.rate * 100:g} % of the packets delivered twice{later} {DIRECTION_WORDS[self.direction]}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Copying:
        """Return what it does on a link."""
        return Copying(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the copies that arrived, if as many did as were to be expected; what the kernels said of them; and how often the service went that way."""
        seen = share(
            before,
            during,
            direction=self.direction,
            asked=self.rate,
            marked=lambda seen: seen.copies,
            among=lambda seen: seen.arrived,
            how="that arrived came twice",
        )
        counters = (
            *received_by(self.direction, "TcpExtTCPDSACKOldSent", "copies reported"),
            *sent_by(self.direction, "TcpExtTCPDSACKRecv", "such reports received"),
        )
        return (seen, corroborated(seen, before, during, counters=counters), reach(during))


class Copying:
    """Lets every packet pass, and some twice."""

    __slots__ = ("_delay_ns", "_draws", "_rate")

    def __init__(self, fault: Duplicate, meeting: Meeting) -> None:
        self._rate = fault.rate
        self._delay_ns = fault.delay.ns
        self._draws = {direction: meeting.draws(direction) for direction in DIRECTIONS}

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet pass, and a copy behind it if the dice say so."""
        if self._draws[direction][ordinal] >= self._rate:
            return None
        raw = packet.raw
        return Fate("duplicated", (Leaving(at_ns, direction, raw), Leaving(at_ns + self._delay_ns, direction, raw)))
