"""
Bytes leave no faster than a given rate.

A wire of that rate is put into each connection: a chunk waits until everything in front of it is through, and then takes its length over
the rate. It leaves in slices as they get through, about fifty a second, so that the receiver sees a thin stream and not a burst now and
then. What queues in front of the wire is bounded at about a second's worth; beyond that the sender is not read, its own kernel's buffer
fills, and it waits as the sender of a slow wire does. An idle wire saves nothing up: a pause does not buy a burst.

Witnesses: a client of the runner's own that sends a known amount through the same edge and back; it cannot take less than that amount over
the rate. The kernel's connection table shows that the service's connections went the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import NS_PER_S, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Direction, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach, slow
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, parameters_of

__all__ = ["Bandwidth"]

SLICES_PER_S: Final = 50
"""How often a slice leaves a busy wire: every 20 ms, finer than people or pools of connections notice."""

SLICES_PER_CHUNK: Final = 1024
"""In how many slices a chunk leaves at most, so that a large read at a small rate costs no more than a millisecond or two of the proxy's time."""

BACKLOG_LEAST_BYTES: Final = 16 * 2**10
"""What the queue in front of the wire takes at any rate: its slices count for some 250 bytes each beside their own (``engine.ITEM_COST``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """
    Let bytes pass at a rate, for each connection by itself.

    Args:
        rate_bytes_per_s: How many bytes leave in a second at most; at least 1.
        direction: ``down`` towards the service, ``up`` towards the server.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the rate is no whole number of at least 1, or the direction is neither.
    """

    kind: ClassVar[str] = "bandwidth"
    failure_type: ClassVar[str] = "bandwidth"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_transfer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    rate_bytes_per_s: int
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_count(self.kind, "rate_bytes_per_s", self.rate_bytes_per_s, least=1, of="bytes per second")
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in bytes per second."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"{self.rate_bytes_per_s} bytes/s {DIRECTION_WORDS[self.direction]}"

    def toxic(self, meeting: Meeting) -> ThinWire:
        """Return what it does to a connection."""
        del meeting  # A wire has no chance of its own.
        return ThinWire(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the transfers that took as long as their bytes demand at this rate, if most did, and had not before; and how often the service went that way."""
        healthy, transfers = looks_of("edge_transfer", before), looks_of("edge_transfer", during)
        sizes = [number for s in (*healthy, *transfers) if isinstance(number := s.value.get("bytes"), int)]
        floor_ns = min(sizes, default=0) * NS_PER_S // self.rate_bytes_per_s
        witness = "client that transfers a known amount through the same edge"
        return (slow(healthy, transfers, floor_ns=floor_ns, witness=witness, what="transfers", given_up_counts=True), reach(during))


class ThinWire:
    """A wire that takes a byte's time for each byte: within a busy period everything is reckoned from its beginning, so no rounding adds up."""

    __slots__ = ("_busy_bytes", "_busy_from_ns", "_direction", "_free_ns", "_rate")

    def __init__(self, fault: Bandwidth) -> None:
        self._rate = fault.rate_bytes_per_s
        self._direction = fault.direction
        self._busy_from_ns = self._busy_bytes = self._free_ns = 0

    def backlog_bytes(self, direction: Direction) -> int | None:
        """Let a second's worth queue, and its slices."""
        return self._rate + BACKLOG_LEAST_BYTES if direction == self._direction else None

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let slices leave as they are through."""
        if origin.direction != self._direction or not isinstance(item, bytes):
            yield Passed(at_ns, item, origin)
            return
        if at_ns > self._free_ns:
            self._busy_from_ns, self._busy_bytes = at_ns, 0
        size = max(1, self._rate // SLICES_PER_S, -(-len(item) // SLICES_PER_CHUNK))
        for start in range(0, len(item), size):
            part = item[start : start + size]
            self._busy_bytes += len(part)
            self._free_ns = self._busy_from_ns + -(-self._busy_bytes * NS_PER_S // self._rate)
            yield Passed(self._free_ns, part, origin._replace(offset=origin.offset + start))
