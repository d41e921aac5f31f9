"""
Packets are overtaken by later ones.

Each packet that fits is, with probability ``rate``, held back for ``delay``; whatever is sent meanwhile overtakes it. The others pass untouched, so the
fault reorders and does nothing else. (``tc netem`` has it the other way round: it delays all packets and lets the chosen ones overtake. That
mixes two faults, and how many packets are overtaken then depends on the traffic and not on the rate.) With ``gap`` only every ``gap``-th packet that
fits is a candidate. With ``correlation`` a candidate shares the last one's fate with that probability and else has its own, so the
rate stays what it is and held packets come in runs. TCP puts the pieces back in order; three packets in front of a missing one look to it like a loss.

A packet that nothing follows within ``delay`` is late and not overtaken. So fewer may be overtaken than were held back, and a counted rate below the
asked one contradicts nothing; one above it does.

Witnesses: a capture at both ends of the link, where packets are counted that arrived behind one that was sent later. Both kernels' counters, as
receivers queue what is out of order. The kernel's table of connections shows that the service's went this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.asked import markov_spread
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
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, check_duration, check_fraction, check_share, parameters_of

__all__ = ["Reorder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder:
    """
    Hold packets back, so that later ones overtake them.

    Args:
        rate: The probability for each candidate, above 0 and at most 1.
        delay: How long a packet is held back; above 0, and longer than the pause to the next packet if anything is to overtake it.
        gap: Every how many packets that fit there is a candidate; 1 for all of them.
        correlation: With which probability a candidate shares the last one's fate, from 0 and below 1.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself.
        match: Which packets may be held back.

    Raises:
        DeclarationError: If a share, count or direction is none, the delay has no unit or is 0, or all packets would be held back alike.
    """

    kind: ClassVar[str] = "reorder"
    failure_type: ClassVar[str] = "reorder"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    rate: float
    delay: Duration
    gap: int = 1
    correlation: float = 0.0
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_share(self.kind, "rate", self.rate)
        check_duration(self.kind, "delay", self.delay, above_0=True)
        check_count(self.kind, "gap", self.gap, least=1, of="packets")
        check_fraction(self.kind, "correlation", self.correlation)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        if self.rate == 1 and self.gap == 1 and self.match.is_everything:
            raise DeclarationError(
                "reorder: where every packet is held back alike none overtakes another; give a rate below 1, a gap above 1 or a match; nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares, counts and milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        whom = f"every {self.gap}th packet" if self.gap > 1 else "the packets"
        runs = f", correlation {self.correlation:g}" if self.correlation else ""
        return f"{self.rate * 100:g} % of {whom} held back for {self.delay} {DIRECTION_WORDS[self.direction]}{runs}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> HoldingBack:
        """Return what it does on a link."""
        return HoldingBack(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that were overtaken, if not more were than were to be held back; what the kernels put in order; and how often the service went that way."""
        seen = share(
            before,
            during,
            direction=self.direction,
            asked=self.rate / self.gap,
            marked=lambda seen: seen.overtaken,
            among=lambda seen: seen.arrived,
            how="that arrived had been overtaken",
            spread=markov_spread(self.correlation),
            at_most=True,
        )
        counters = (
            *received_by(self.direction, "TcpExtTCPOFOQueue", "segments queued out of order"),
            *sent_by(self.direction, "TcpExtTCPSACKReorder", "reorderings noticed"),
        )
        return (seen, corroborated(seen, before, during, counters=counters), reach(during))


class HoldingBack:
    """Lets most packets pass at once, and some later."""

    __slots__ = ("_draws", "_fault", "_held_last", "_repeats")

    def __init__(self, fault: Reorder, meeting: Meeting) -> None:
        self._fault = fault
        self._draws = {direction: meeting.draws(direction) for direction in DIRECTIONS}
        self._repeats = {direction: meeting.draws(direction, "correlation") for direction in DIRECTIONS}
        self._held_last: dict[Direction, bool | None] = dict.fromkeys(DIRECTIONS)

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet pass, or hold it back."""
        fault = self._fault
        if (ordinal + 1) % fault.gap:
            return None
        is_held = self._draws[direction][ordinal] < fault.rate
        if fault.correlation:
            last = self._held_last[direction]
            if last is not None and self._repeats[direction][ordinal] < fault.correlation:
                is_held = last
            self._held_last[direction] = is_held
        return Fate("delayed", (Leaving(at_ns + fault.delay.ns, direction, packet.raw),)) if is_held else None
