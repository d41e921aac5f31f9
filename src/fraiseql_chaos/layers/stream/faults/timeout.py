"""
The connection stands, nothing comes through any more, and after a while it ends.

From the moment the fault meets a connection, what flows is swallowed, endings too, and ``after`` that moment both sockets close. The clock
starts once and does not start again with each chunk: a client that keeps asking is cut off as punctually as one that waits. ``after`` of 0
never closes: then only the client's own patience helps. What was swallowed is lost, so a connection that lost something is closed when the
fault is healed; one that was idle all along lives on.

Witnesses: a client of the runner's own that connects through the same edge and asks for the one byte with which every PostgreSQL answers a
request for TLS. The connect succeeds, and the byte does not come. The kernel's connection table shows that the service's connections had
gone this way before, and found no other way around.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Ending, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import GIVEN_UP, broken, looks_of, reach_of_broken
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, parameters_of

__all__ = ["Timeout"]

_ENDED: Final = GIVEN_UP | {"EOF", "ECONNRESET"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """
    Swallow what passes, and close the connection in the end.

    Args:
        after: How long after it met a connection both its sockets close; 0 for never.
        direction: What is swallowed: ``both``, ``down`` for answers alone, ``up`` for requests alone.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the span has no unit, or the direction is none of these.
    """

    kind: ClassVar[str] = "timeout"
    failure_type: ClassVar[str] = "timeout"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = ("edge_greeting", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    after: Duration
    direction: Literal["both", "down", "up"] = "both"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_duration(self.kind, "after", self.after)
        check_choice(self.kind, "direction", self.direction, {"both": "nothing passes", **DIRECTION_WORDS})

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        way = "both ways" if self.direction == "both" else DIRECTION_WORDS[self.direction]
        return f"everything swallowed {way}, connections {f'closed after {self.after}' if self.after.ns else 'never closed'}"

    def toxic(self, meeting: Meeting) -> Swallow:
        """Return what it does to a connection."""
        del meeting  # No chance is involved.
        return Swallow(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the connects that succeeded and got no greeting, where all got one before; and how often the service had been on the edge."""
        greetings = broken(
            looks_of("edge_greeting", before),
            looks_of("edge_greeting", during),
            bitten=_is_silent,
            scope=self.scope,
            witness="client that asks for the server's first byte through the same edge",
            what="connects",
            how="succeeded and got no greeting",
        )
        return (greetings, reach_of_broken(before, during))


class Swallow:
    """Nothing passes, and one ending comes of its own accord."""

    __slots__ = ("_after_ns", "_direction", "_has_swallowed")

    def __init__(self, fault: Timeout) -> None:
        self._after_ns = fault.after.ns
        self._direction = fault.direction
        self._has_swallowed = False

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Close the connection in ``after``."""
        return (_cut(at_ns + self._after_ns),) if self._after_ns else ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Swallow what goes a way that is swallowed."""
        if self._direction not in {"both", origin.direction}:
            return (Passed(at_ns, item, origin),)
        self._has_swallowed = True
        return ()

    def end(self, at_ns: int) -> Iterable[Passed]:
        """Close a connection that lost something: it could not be understood any more."""
        return (_cut(at_ns),) if self._has_swallowed else ()


def _cut(at_ns: int) -> Passed:
    return Passed(at_ns, Ending.CUT, Origin("down", 0, 0))


def _is_silent(look: Sample) -> bool:
    return look.error in _ENDED and look.value.get("connect_ms") is not None
