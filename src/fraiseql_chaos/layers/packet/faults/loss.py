"""
Packets vanish on their way.

Each packet that fits is lost with probability ``rate``, by its own roll, independently of all others. Nobody is told: the sender's kernel notices
by what is not acknowledged, and sends again. So the service sees no error and no gap, it sees time: a segment lost in the middle of a transfer costs
about a round trip, the last one of a request, or a SYN, costs a retransmission timeout of 200 ms to a second, doubled each time it is lost again.

Witnesses: a capture at both ends of the link, where what left the one kernel and what reached the other are compared; the asked rate must lie
within the 99.9 % interval of the counted one. Both kernels' counters, as the loss makes senders retransmit. The kernel's table of connections shows
that the service's went this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import (
    DIRECTION_CHOICES,
    DIRECTION_WORDS,
    DIRECTIONS,
    DROPPED,
    WITNESSES,
    Direction,
    Directions,
    Fate,
    Meeting,
)
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import corroborated, reach, retransmissions, share
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_share, parameters_of

__all__ = ["Loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """
    Lose packets, each by its own chance.

    Args:
        rate: The probability for each packet, above 0 and at most 1.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself.
        match: Which packets may be hit.

    Raises:
        DeclarationError: If the rate is no share, or the direction is none.
    """

    kind: ClassVar[str] = "loss"
    failure_type: ClassVar[str] = "loss"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    rate: float
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_share(self.kind, "rate", self.rate)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"{self.rate * 100:g} % of the packets lost {DIRECTION_WORDS[self.direction]}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Losing:
        """Return what it does on a link."""
        return Losing(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that never arrived, if as many did as were to be expected; what the kernels sent again; and how often the service went that way."""
        seen = share(before, during, direction=self.direction, asked=self.rate, marked=lambda seen: seen.missing, how="never arrived")
        return (seen, corroborated(seen, before, during, counters=retransmissions(self.direction)), reach(during))


class Losing:
    """Loses what the dice say."""

    __slots__ = ("_draws", "_rate")

    def __init__(self, fault: Loss, meeting: Meeting) -> None:
        self._rate = fault.rate
        self._draws = {direction: meeting.draws(direction) for direction in DIRECTIONS}

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet pass, or lose it."""
        del packet, at_ns
        return DROPPED if self._draws[direction][ordinal] < self._rate else None
