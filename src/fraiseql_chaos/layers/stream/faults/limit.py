"""
A connection ends after so many bytes.

Bytes are counted from the moment the fault meets the connection. Up to the limit they pass, to the byte; then both sockets are closed in
the ordinary way and what follows has nowhere to go. So an answer is cut short wherever the limit falls: within a row, within the length of
a message.

Witnesses: a client of the runner's own that transfers a known amount through the same edge again and again, and finds its connection ended.
A limit beyond what it transfers while the fault is armed is not seen, and then nothing is concluded. The kernel's connection table shows
that the service's connections had gone this way before, and found no other way around.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Ending, Item, Meeting, Origin, Passed, other_way
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import GIVEN_UP, broken, looks_of, reach_of_broken
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, parameters_of

__all__ = ["Limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    Close a connection when so many bytes have passed.

    Args:
        bytes: How many pass, from the moment it meets the connection; 0 for none.
        direction: Which way they are counted: ``down`` towards the service, ``up`` towards the server.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the number is no whole one of at least 0, or the direction is neither.
    """

    kind: ClassVar[str] = "limit"
    failure_type: ClassVar[str] = "limit"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_transfer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    bytes: int
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_count(self.kind, "bytes", self.bytes, least=0, of="bytes")
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in bytes."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"connections closed after {self.bytes} bytes {DIRECTION_WORDS[self.direction]}"

    def toxic(self, meeting: Meeting) -> Allowance:
        """Return what it does to a connection."""
        del meeting  # No chance is involved.
        return Allowance(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the transfers whose connection ended, where none had before; and how often the service had been on the edge."""
        transfers = broken(
            looks_of("edge_transfer", before),
            looks_of("edge_transfer", during),
            bitten=lambda look: bool(look.error) and look.error not in GIVEN_UP,
            scope=Scope(first=1),  # Several transfers may pass before one meets the limit.
            witness="client that transfers a known amount through the same edge",
            what="transfers",
            how="found their connection ended",
        )
        return (transfers, reach_of_broken(before, during))


class Allowance:
    """Lets so many bytes pass, and then an ending to both sides."""

    __slots__ = ("_direction", "_left")

    def __init__(self, fault: Limit) -> None:
        self._direction: Literal["down", "up"] = fault.direction
        self._left = fault.bytes

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Close a connection at once that may carry nothing."""
        return self._ending(at_ns, Origin(self._direction, 0, 0)) if not self._left else ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let pass what is allowed, and close the connection behind the last byte of it."""
        if origin.direction != self._direction or not isinstance(item, bytes):
            return (Passed(at_ns, item, origin),)
        if not self._left:
            return ()
        allowed = item if len(item) <= self._left else item[: self._left]
        self._left -= len(allowed)
        passed = (Passed(at_ns, allowed, origin),)
        return passed if self._left else (*passed, *self._ending(at_ns, origin))

    def _ending(self, at_ns: int, origin: Origin) -> tuple[Passed, ...]:
        return (Passed(at_ns, Ending.FIN, origin), Passed(at_ns, Ending.FIN, origin._replace(direction=other_way(self._direction))))
