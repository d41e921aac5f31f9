"""
What was sent in one piece arrives in many.

TCP promises the bytes and their order, and no more: a message may arrive byte by byte. The stream is cut at places counted in bytes from
the first one that the fault meets, so the same bytes are cut in the same places however the kernel happened to hand them over. Each slice
leaves ``delay`` after the one in front of it at the earliest. Without a delay each is a write of its own, but the proxy's kernel may join
what it cannot send at once: about ten segments travel unacknowledged on a young connection (RFC 6928). To be sure of every cut, give a
delay.

Witnesses: the kernel's own count of segments at both ends of a transfer of the runner's own through the same edge. The kernel's connection
table shows that the service's connections went the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import Duration, JsonObject, Rolls
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, check_duration, parameters_of

__all__ = ["Slicer"]

SLICES_PER_CHUNK: Final = 4096
"""Into how many slices a chunk is cut at most; the rest of it is the last one. So the proxy is never busy with one chunk for more than some ten milliseconds."""

FIRST_WINDOW_SEGMENTS: Final = 10
"""How many segments Linux sends before the first is acknowledged (RFC 6928)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicer:
    """
    Cut the stream into slices.

    Args:
        average_bytes: How long a slice is on average; at least 1.
        variation_bytes: How much shorter or longer one may be, uniformly; less than ``average_bytes``.
        delay: How long after the slice in front of it one leaves at the earliest.
        direction: ``down`` towards the service, ``up`` towards the server.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If a length is no whole number or too small, the variation is not less than the average, the delay has no unit, or the
            direction is neither.
    """

    kind: ClassVar[str] = "slicer"
    failure_type: ClassVar[str] = "slicer"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_transfer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False

    average_bytes: int
    variation_bytes: int = 0
    delay: Duration = Duration(0)
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_count(self.kind, "average_bytes", self.average_bytes, least=1, of="bytes")
        check_count(self.kind, "variation_bytes", self.variation_bytes, least=0, of="bytes")
        if self.variation_bytes >= self.average_bytes:
            raise DeclarationError(
                f"slicer: variation_bytes {self.variation_bytes} is not less than average_bytes {self.average_bytes}, and a slice has at least one byte; "
                "nothing was armed"
            )
        check_duration(self.kind, "delay", self.delay)
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in bytes and milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        spread = f" +/- {self.variation_bytes}" if self.variation_bytes else ""
        pause = f", {self.delay} apart" if self.delay.ns else ""
        return f"slices of {self.average_bytes}{spread} bytes {DIRECTION_WORDS[self.direction]}{pause}"

    def toxic(self, meeting: Meeting) -> Slices:
        """Return what it does to a connection."""
        return Slices(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the transfers that came in as many segments as slices demand, if most did, and had not before; and how often the service went that way."""
        key = f"segments_{self.direction}"
        transfers = looks_of("edge_transfer", during)
        sizes = [number for s in transfers if isinstance(number := s.value.get("bytes"), int)]
        healthy = [number for s in looks_of("edge_transfer", before) if isinstance(number := s.value.get(key), int)]
        counts = [number for s in transfers if isinstance(number := s.value.get(key), int)]
        # The kernel may join slices that it cannot send at once, but not those that fit its first window.
        least = min(min(sizes, default=0) // (2 * self.average_bytes), FIRST_WINDOW_SEGMENTS)
        sliced = sum(number >= least for number in counts)
        if sliced * 2 <= len(counts):
            count, statement = 0, f"only {sliced} of {len(counts)} transfers came in {least} segments or more"
        elif not healthy or median(healthy) * 2 >= median(counts):
            count, statement = 0, "transfers came in as many segments before the fault, or were not counted, so nothing can be told apart"
        else:
            count = sliced
            statement = f"{sliced} transfers came in {median(counts):g} segments at the median, against {median(healthy):g} before"
        return (
            Sighting(witness=f"kernel, asked for a transfer's segments {DIRECTION_WORDS[self.direction]}", count=count, statement=statement),
            reach(during),
        )


class Slices:
    """Cuts at places in the stream, whatever the chunks."""

    __slots__ = ("_cut_at", "_fault", "_has_met", "_left_ns", "_number", "_rolls")

    def __init__(self, fault: Slicer, meeting: Meeting) -> None:
        self._fault = fault
        self._rolls: Rolls = meeting.rolls(fault.direction)
        self._has_met = False
        self._number = 0  # Which slice the stream is in.
        self._cut_at = 0  # Where it ends, as an offset in what arrived.
        self._left_ns = 0  # When it begins to leave.

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the parts of every slice leave that the item is made of."""
        if origin.direction != self._fault.direction or not isinstance(item, bytes):
            yield Passed(at_ns, item, origin)
            return
        if not self._has_met:
            self._has_met, self._left_ns = True, at_ns
            self._cut_at = origin.offset + self._length()
        start, end = origin.offset, origin.offset + len(item)
        for _ in range(SLICES_PER_CHUNK - 1):
            if start == self._cut_at:
                self._next(at_ns)
            if self._cut_at >= end:
                break
            yield self._part(item, origin, start, self._cut_at, at_ns)
            start = self._cut_at
        if start == self._cut_at:
            self._next(at_ns)
        yield self._part(item, origin, start, end, at_ns)
        self._cut_at = max(self._cut_at, end)

    def _next(self, at_ns: int) -> None:
        self._number += 1
        self._cut_at += self._length()
        self._left_ns = max(at_ns, self._left_ns + self._fault.delay.ns)

    def _length(self) -> int:
        fault = self._fault
        if not fault.variation_bytes:
            return fault.average_bytes
        return fault.average_bytes - fault.variation_bytes + int(self._rolls[self._number] * (2 * fault.variation_bytes + 1))

    def _part(self, item: bytes, origin: Origin, start: int, end: int, at_ns: int) -> Passed:
        part = item[start - origin.offset : end - origin.offset]
        return Passed(max(at_ns, self._left_ns), part, origin._replace(offset=start))
