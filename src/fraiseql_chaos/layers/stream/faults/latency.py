"""
Bytes arrive later than they were sent.

Each chunk is delayed by ``delay`` plus a draw of its own, counted from its own arrival, so a burst is shifted and not spread out: latency
does not cap throughput. The draw is uniform within ``jitter`` to both sides, or normal with ``jitter`` as its standard deviation, and never
makes a delay negative. Order is kept; a chunk is never delivered before the one in front of it. Under a ``ramp`` the whole delay, jitter
included, grows from nothing to its size, as a link does that fills up. New connections are accepted at once: what is slow is the wire, not
the handshake. One of these delays one direction; a wire that is slow both ways, as unevenly as you like, is two of them.

Witnesses: a PostgreSQL client of the runner's own, through the same edge. It cannot see what the proxy claims, only how long
``SELECT 1`` took; ``down`` and ``up`` both add to its round trip once. It shows that the fault happened. That the service was under it is
shown by the kernel's connection table: if the service has no connection through the edge, or one around it, a slow edge says nothing about
the service, whatever the client saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach, slow
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, parameters_of

__all__ = ["Latency"]

_DISTRIBUTIONS: Final = {"uniform": "jitter is half the width", "normal": "jitter is the standard deviation"}

_LEAST_ROLL: Final = 2**-54
"""A roll of 0 has no place on a normal distribution; this one is as far out as the others can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """
    Delay what passes an edge.

    Args:
        delay: How long each chunk is held, from its own arrival; above 0.
        jitter: How much ``delay`` varies; at most ``delay``.
        distribution: ``uniform``, where ``jitter`` is half the width, or ``normal``, where it is the standard deviation.
        direction: ``down`` towards the service (answers are late), ``up`` towards the server (requests are late).
        ramp: How long after it is armed the delay has grown to its size, in a straight line from 0.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If a magnitude has no unit, ``delay`` is 0, ``jitter`` exceeds ``delay``, or a word is none of those allowed.
    """

    kind: ClassVar[str] = "latency"
    failure_type: ClassVar[str] = "network_latency"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_round_trip", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False

    delay: Duration
    jitter: Duration = Duration(0)
    distribution: Literal["uniform", "normal"] = "uniform"
    direction: Literal["down", "up"] = "down"
    ramp: Duration = Duration(0)
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_duration(self.kind, "delay", self.delay, above_0=True)
        check_duration(self.kind, "jitter", self.jitter)
        check_choice(self.kind, "distribution", self.distribution, _DISTRIBUTIONS)
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)
        check_duration(self.kind, "ramp", self.ramp)
        if self.jitter > self.delay:
            raise DeclarationError(
                f"latency: jitter {self.jitter} exceeds delay {self.delay}, and nothing can arrive before it was sent; nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        spread = f" +/- {self.jitter}{' (normal)' if self.distribution == 'normal' else ''}" if self.jitter.ns else ""
        growth = f", reached within {self.ramp}" if self.ramp.ns else ""
        return f"{self.delay}{spread} of latency {DIRECTION_WORDS[self.direction]}{growth}"

    def toxic(self, meeting: Meeting) -> Delay:
        """Return what it does to a connection."""
        return Delay(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the round trips that took as long as the delay demands, if most did, and had not before; and how often the service went that way."""
        trips = looks_of("edge_round_trip", during)
        # Jitter may eat up a whole delay, but not most of the time: of draws from nothing to twice the delay seven in eight exceed a quarter of it.
        floor_ns = max(self.delay.ns - self.jitter.ns, self.delay.ns // 4)
        if self.ramp.ns and during:
            # The first look that ended under the fault ended after it was armed, so half a ramp later half the delay is there at least.
            half_way_ns = min(s.at_ns for s in during) + self.ramp.ns // 2
            trips, floor_ns = [s for s in trips if s.began_ns >= half_way_ns], floor_ns // 2
        witness = "PostgreSQL client through the same edge"
        return (slow(looks_of("edge_round_trip", before), trips, floor_ns=floor_ns, witness=witness, what="round trips"), reach(during))


class Delay:
    """
    Hold every item for a while, counted from its own arrival: a burst is shifted, not spread out.

    The draws belong to the chunk's place in what arrived.
    """

    __slots__ = ("_fault", "_grown_ns", "_normal", "_ramp_ns", "_rolls")

    def __init__(self, fault: Latency, meeting: Meeting) -> None:
        self._fault = fault
        self._normal = NormalDist(0, fault.jitter.ns) if fault.distribution == "normal" and fault.jitter.ns else None
        self._ramp_ns = fault.ramp.ns
        self._grown_ns = meeting.armed_ns + fault.ramp.ns
        self._rolls = meeting.rolls(fault.direction)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave ``delay`` and a draw after it arrived, or the share of both that the ramp has reached."""
        if origin.direction != self._fault.direction:
            return (Passed(at_ns, item, origin),)
        held_ns = max(0, self._fault.delay.ns + self._spread_ns(origin.ordinal))
        if at_ns < self._grown_ns:
            held_ns = held_ns * max(0, self._ramp_ns - (self._grown_ns - at_ns)) // self._ramp_ns
        return (Passed(at_ns + held_ns, item, origin),)

    def _spread_ns(self, ordinal: int) -> int:
        if self._normal is not None:
            return round(self._normal.inv_cdf(max(self._rolls[ordinal], _LEAST_ROLL)))
        jitter_ns = self._fault.jitter.ns
        return round((2 * self._rolls[ordinal] - 1) * jitter_ns) if jitter_ns else 0
