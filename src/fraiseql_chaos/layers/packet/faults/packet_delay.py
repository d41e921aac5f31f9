"""
Packets arrive later than they were sent.

Each packet that fits is delayed by ``delay`` plus a draw of its own, counted from its own arrival, so a burst is shifted and not spread out. The draw is
uniform within ``jitter`` to both sides, or normal with ``jitter`` as its standard deviation, and never makes a delay negative. With ``keeps_order`` a
packet is never delivered before the one in front of it, as in a queue; without it jitter reorders, as over several paths. Unlike latency on a stream
this delays handshakes and acknowledgements, too, so the kernels measure a longer round trip and adapt their timeouts and windows to it.

Witnesses: a capture at both ends of the link, which tells for each packet how long it was on its way; the median must be what was asked for, and have been
less before. The kernel's table of connections shows that the service's went this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
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
from fraiseql_chaos.layers.packet.traces import late, reach
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, check_truth, parameters_of

__all__ = ["PacketDelay"]

_DISTRIBUTIONS: Final = {"uniform": "jitter is half the width", "normal": "jitter is the standard deviation"}

_LEAST_DRAW: Final = 2**-54
"""A draw of 0 has no place on a normal distribution; this one is as far out as the others can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDelay:
    """
    Delay packets.

    Args:
        delay: How long each packet is held, from its own arrival; above 0.
        jitter: How much ``delay`` varies; at most ``delay``.
        keeps_order: Whether no packet overtakes another of those that fit.
        distribution: ``uniform``, where ``jitter`` is half the width, or ``normal``, where it is the standard deviation.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself, so that a round trip has it twice.
        match: Which packets are delayed.

    Raises:
        DeclarationError: If a magnitude has no unit, ``delay`` is 0, ``jitter`` exceeds ``delay``, or a word is none of those allowed.
    """

    kind: ClassVar[str] = "packet_delay"
    failure_type: ClassVar[str] = "packet_delay"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    delay: Duration
    jitter: Duration = Duration(0)
    keeps_order: bool = True
    distribution: Literal["uniform", "normal"] = "uniform"
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_duration(self.kind, "delay", self.delay, above_0=True)
        check_duration(self.kind, "jitter", self.jitter)
        check_truth(self.kind, "keeps_order", self.keeps_order)
        check_choice(self.kind, "distribution", self.distribution, _DISTRIBUTIONS)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        if self.jitter > self.delay:
            raise DeclarationError(
                f"packet_delay: jitter {self.jitter} exceeds delay {self.delay}, and nothing can arrive before it was sent; nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        spread = f" +/- {self.jitter}{' (normal)' if self.distribution == 'normal' else ''}" if self.jitter.ns else ""
        order = "" if self.keeps_order or not self.jitter.ns else ", out of order"
        return f"packets delayed by {self.delay}{spread} {DIRECTION_WORDS[self.direction]}{order}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Delaying:
        """Return what it does on a link."""
        return Delaying(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the slices whose packets were on their way as long as the delay demands, if most were, and had not been before; and how often the service went that way."""
        # Jitter may eat up a whole delay, but not that of the median packet.
        floor_ns = max(self.delay.ns - self.jitter.ns, self.delay.ns // 2)
        return (
            late(before, during, direction=self.direction, floor_ns=lambda _: floor_ns, field="delay_us_p50", asked=f"{self.delay}"),
            reach(during),
        )


class Delaying:
    """Holds every packet for a while, counted from its own arrival."""

    __slots__ = ("_draws", "_fault", "_last_ns", "_normal")

    def __init__(self, fault: PacketDelay, meeting: Meeting) -> None:
        self._fault = fault
        self._normal = NormalDist(0, fault.jitter.ns) if fault.distribution == "normal" and fault.jitter.ns else None
        self._draws = {direction: meeting.draws(direction) for direction in DIRECTIONS}
        self._last_ns: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet leave ``delay`` and a draw after it arrived."""
        due_ns = at_ns + max(0, self._fault.delay.ns + self._spread_ns(direction, ordinal))
        if self._fault.keeps_order:
            due_ns = self._last_ns[direction] = max(due_ns, self._last_ns[direction])
        return Fate("delayed", (Leaving(due_ns, direction, packet.raw),))

    def _spread_ns(self, direction: Direction, ordinal: int) -> int:
        if not self._fault.jitter.ns:
            return 0
        drawn = self._draws[direction][ordinal]
        if self._normal is not None:
            return round(self._normal.inv_cdf(max(drawn, _LEAST_DRAW)))
        return round((2 * drawn - 1) * self._fault.jitter.ns)
