"""
Bytes arrive later than they were sent.

Each chunk is delayed by ``delay`` plus or minus a uniform draw of up to ``jitter``, counted from its own arrival, so a burst is shifted
and not spread out: latency does not cap throughput. Order is kept; a chunk is never delivered before the one in front of it.
New connections are accepted at once: what is slow is the wire, not the handshake.

Witnesses: a PostgreSQL client of the runner's own, through the same edge. It cannot see what the proxy claims, only how long
``SELECT 1`` took; ``down`` and ``up`` both add to its round trip once. It shows that the fault happened. That the service was under it is
shown by the kernel's connection table: if the service has no connection through the edge, or one around it, a slow edge says nothing about
the service, whatever the client saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import ClassVar, Literal

from fraiseql_chaos.core import NS_PER_MS, Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["Latency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """
    Delay what passes an edge.

    Args:
        delay: How long each chunk is held, from its own arrival; above 0.
        jitter: Half-width of a uniform variation around ``delay``; at most ``delay``.
        direction: ``down`` towards the service (answers are late), ``up`` towards the server (requests are late).

    Raises:
        DeclarationError: If a magnitude has no unit, ``delay`` is 0, ``jitter`` exceeds ``delay``, or the direction is neither.
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
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        for name, value in (("delay", self.delay), ("jitter", self.jitter)):
            if not isinstance(value, Duration):
                raise DeclarationError(f"latency: {name}={value!r} has no unit; write {name}=ms(250); nothing was armed")
        if self.delay.ns == 0:
            raise DeclarationError("latency: a delay of 0 would change nothing; it must be above 0; nothing was armed")
        if self.jitter > self.delay:
            raise DeclarationError(
                f"latency: jitter {self.jitter} exceeds delay {self.delay}, and nothing can arrive before it was sent; nothing was armed"
            )
        if self.direction not in {"down", "up"}:
            raise DeclarationError(
                f"latency: direction {self.direction!r} is neither 'down' (to the service) nor 'up' (to the server); nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        spread = f" +/- {self.jitter}" if self.jitter.ns else ""
        return f"{self.delay}{spread} of latency {'towards the service' if self.direction == 'down' else 'towards the server'}"

    def toxic(self, meeting: Meeting) -> Delay:
        """Return what it does to a connection."""
        return Delay(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the round trips that took as long as the delay demands, if most did, and had not before; and how often the service went that way."""
        # A single slow trip proves nothing: machines stand still for as long by themselves. And jitter may eat up a whole delay, but not most of the time.
        floor_ns = max(self.delay.ns - self.jitter.ns, self.delay.ns // 2)
        healthy = [_took_ns(s) for s in before if s.ok and s.probe == "edge_round_trip"]
        trips = [_took_ns(s) for s in during if s.ok and s.probe == "edge_round_trip"]
        slow = [took_ns for took_ns in trips if took_ns >= floor_ns]
        if not trips or median(trips) < floor_ns:
            count, statement = 0, f"only {len(slow)} of {len(trips)} round trips took {floor_ns / NS_PER_MS:g} ms or more"
        elif not healthy or median(healthy) >= floor_ns:
            count, statement = 0, "round trips were as slow before the fault, or not measured, so nothing can be told apart"
        else:
            count = len(slow)
            statement = (
                f"{count} round trips took {median(slow) / NS_PER_MS:.1f} ms at the median, against {median(healthy) / NS_PER_MS:.1f} ms before"
            )
        return (Sighting(witness="PostgreSQL client through the same edge", count=count, statement=statement), _reach(during))


class Delay:
    """
    Hold every item for a while, counted from its own arrival: a burst is shifted, not spread out.

    The draws reach from ``-jitter`` to ``+jitter`` and belong to the chunk's place in what arrived.
    """

    __slots__ = ("_delay_ns", "_direction", "_jitter_ns", "_rolls")

    def __init__(self, fault: Latency, meeting: Meeting) -> None:
        self._delay_ns = fault.delay.ns
        self._jitter_ns = fault.jitter.ns
        self._direction = fault.direction
        self._rolls = meeting.rolls(fault.direction)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave ``delay`` plus or minus a draw after it arrived."""
        if origin.direction != self._direction:
            return (Passed(at_ns, item, origin),)
        spread_ns = round((2 * self._rolls[origin.ordinal] - 1) * self._jitter_ns) if self._jitter_ns else 0
        return (Passed(at_ns + self._delay_ns + spread_ns, item, origin),)


def _reach(during: tuple[Sample, ...]) -> Sighting:
    """Return how often the service was found on the edge and nowhere else, if most looks found it so: one that mostly goes elsewhere is not under it."""
    paths = [s for s in during if s.probe == "service_path"]
    on_edge = sum(s.ok for s in paths)
    statement = f"{on_edge} of {len(paths)} looks found the service's connections on this edge and none around it"
    if not paths:
        statement = "nobody looked which way the service's connections go, so nobody can tell whether it was under the fault"
    elif on_edge * 2 <= len(paths):
        statement = f"only {statement}, so what a client of the edge sees is not what the service gets"
        on_edge = 0
    return Sighting(witness="kernel, asked for the service's connections", count=on_edge, statement=statement, shows="reach")


def _took_ns(sample: Sample) -> int:
    return sample.at_ns - sample.began_ns
