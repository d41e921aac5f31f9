"""
Packets vanish in bursts.

Real links rarely lose one packet here and one there: a radio fades, a queue overflows, a route flaps, and several packets in a row are gone. The link
is in one of two states. Outside a burst a packet is lost with probability ``loss_outside`` (0: never), inside one with ``loss_in_burst`` (1: always).
At each packet that fits, a burst begins with probability ``enter``, or ends with probability ``leave``. So a burst lasts ``1 / leave`` packets on
average, and ``enter / (enter + leave)`` of the packets fall into one. It begins in health. A burst can swallow a segment and all of its
retransmissions, and a TCP that shrugs off 5 % of independent loss may stand still for seconds under 5 % in bursts. Each direction has its own state.

Witnesses: as for independent loss: a capture at both ends of the link, both kernels' counters, and the kernel's table of connections. As packets of
one burst share their fate, they say less about the rate than as many independent ones, and the interval of the counted rate is as much wider.

Source:
    Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960); Elliott, "Estimates of error rates for codes on burst-noise
    channels", ibid. 42 (1963).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.asked import markov_spread
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
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_fraction, check_share, parameters_of

__all__ = ["BurstLoss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstLoss:
    """
    Lose packets in bursts.

    Args:
        enter: The probability that a burst begins at a packet, above 0 and at most 1.
        leave: The probability that it ends at a packet, above 0 and at most 1; a burst lasts ``1 / leave`` packets on average.
        loss_in_burst: The probability of being lost in a burst, above 0 and at most 1.
        loss_outside: The same outside one, from 0 and below ``loss_in_burst``.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself.
        match: Which packets may be hit; only they advance the state.

    Raises:
        DeclarationError: If a probability is none, fewer are lost in a burst than outside, or the direction is none.
    """

    kind: ClassVar[str] = "burst_loss"
    failure_type: ClassVar[str] = "loss"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    enter: float
    leave: float
    loss_in_burst: float = 1.0
    loss_outside: float = 0.0
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_share(self.kind, "enter", self.enter)
        check_share(self.kind, "leave", self.leave)
        check_share(self.kind, "loss_in_burst", self.loss_in_burst)
        check_fraction(self.kind, "loss_outside", self.loss_outside)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        if self.loss_outside >= self.loss_in_burst:
            raise DeclarationError(
                f"burst_loss: loss_outside {self.loss_outside:g} is not below loss_in_burst {self.loss_in_burst:g}, so there are no bursts; nothing was armed"
            )

    @property
    def rate(self) -> float:
        """Which share of all packets is lost in the long run."""
        return (self.enter * self.loss_in_burst + self.leave * self.loss_outside) / (self.enter + self.leave)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares."""
        return parameters_of(self)

    def __str__(self) -> str:
        shape = f"in bursts of {1 / self.leave:.3g} on average"
        return f"{self.rate * 100:.3g} % of the packets lost {DIRECTION_WORDS[self.direction]}, {shape}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Bursts:
        """Return what it does on a link."""
        return Bursts(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that never arrived, if as many did as were to be expected; what the kernels sent again; and how often the service went that way."""
        seen = share(
            before,
            during,
            direction=self.direction,
            asked=self.rate,
            marked=lambda seen: seen.missing,
            how="never arrived",
            spread=self._spread(),
        )
        return (seen, corroborated(seen, before, during, counters=retransmissions(self.direction)), reach(during))

    def _spread(self) -> float:
        """Return by how much the variance of the number lost exceeds that of independent loss, which the state's own memory adds."""
        variance = self.rate * (1 - self.rate)
        if variance <= 0:
            return 1.0
        in_burst = self.enter / (self.enter + self.leave)
        weight = in_burst * (1 - in_burst) * (self.loss_in_burst - self.loss_outside) ** 2 / variance
        return markov_spread(1 - self.enter - self.leave, weight)


class Bursts:
    """Walks between the two states, one step a packet, and loses what the dice say in the state it is in."""

    __slots__ = ("_fault", "_in_burst", "_losses", "_steps")

    def __init__(self, fault: BurstLoss, meeting: Meeting) -> None:
        self._fault = fault
        self._in_burst: dict[Direction, bool] = dict.fromkeys(DIRECTIONS, False)
        self._steps = {direction: meeting.draws(direction, "step") for direction in DIRECTIONS}
        self._losses = {direction: meeting.draws(direction, "loss") for direction in DIRECTIONS}

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Take one step, and let the packet pass or lose it."""
        del packet, at_ns
        fault, was_in_burst = self._fault, self._in_burst[direction]
        turns = self._steps[direction][ordinal] < (fault.leave if was_in_burst else fault.enter)
        self._in_burst[direction] = is_in_burst = was_in_burst != turns
        return DROPPED if self._losses[direction][ordinal] < (fault.loss_in_burst if is_in_burst else fault.loss_outside) else None
