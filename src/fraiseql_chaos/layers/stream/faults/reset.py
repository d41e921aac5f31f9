"""
Connections are reset: the peer's kernel says that it knows of no such connection.

``after`` it met a connection, busy or idle, the fault voids it with an RST. Until then everything passes. A connection that was there
before meets it when it is armed, a new one when both its sides stand. ``both`` ends are sent the RST, as by a firewall that lost its table;
with ``down`` the service alone, with ``up`` the server alone, and the other end is closed in the ordinary way.

Witnesses: a client of the runner's own that keeps an idle connection through the same edge and never says a word on it: the kernel tells it
how it ended, which is the ordinary way where the server alone is reset. What the server was sent stands in its log. The kernel's connection
table shows that the service's connections had gone this way before, and found no other way around.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Ending, Item, Meeting, Origin, Passed, other_way
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import broken, looks_of, reach_of_broken
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, parameters_of

__all__ = ["Reset"]

_RESET_LINE: Final = "could not receive data from client: Connection reset by peer"
"""What PostgreSQL logs when a client's connection was reset under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """
    Void connections with an RST.

    Args:
        after: How long after it met a connection.
        direction: Who is sent the RST: ``both`` ends, ``down`` the service alone, ``up`` the server alone.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the span has no unit, or the direction is none of these.
    """

    kind: ClassVar[str] = "reset"
    failure_type: ClassVar[str] = "reset"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_idle", "server_log", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    after: Duration = Duration(0)
    direction: Literal["both", "down", "up"] = "both"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_duration(self.kind, "after", self.after)
        check_choice(self.kind, "direction", self.direction, {"both": "both ends are reset", **DIRECTION_WORDS})

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        whom = {"both": "both ends", "down": "the service's end", "up": "the server's end"}[self.direction]
        return f"connections reset at {whom}{f' {self.after} after they are met' if self.after.ns else ''}"

    def toxic(self, meeting: Meeting) -> Void:
        """Return what it does to a connection."""
        del meeting  # No chance is involved.
        return Void(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the idle connections that ended as they must, where none had before; and how often the service had been on the edge."""
        ends = {"EOF"} if self.direction == "up" else {"ECONNRESET"}
        idle = broken(
            looks_of("edge_idle", before),
            looks_of("edge_idle", during),
            bitten=lambda look: look.error in ends,
            scope=Scope(first=1),  # A connection must end once to have been hit, and looks at it before its time are well.
            witness="kernel, asked for an idle connection through the same edge",
            what="looks at an idle connection",
            how=f"found it ended with {', '.join(ends)}",
        )
        lines = sum(_RESET_LINE in str(s.value.get("message")) for s in looks_of("server_log", during))
        log = Sighting(witness="server log", count=lines, statement=f"{lines} lines of the log say {_RESET_LINE!r}")
        return (idle, *(() if self.direction == "down" else (log,)), reach_of_broken(before, during))


class Void:
    """Everything passes until the one thing that comes of its own accord."""

    __slots__ = ("_after_ns", "_direction")

    def __init__(self, fault: Reset) -> None:
        self._after_ns = fault.after.ns
        self._direction = fault.direction

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Reset the connection in ``after``."""
        at_ns += self._after_ns
        if self._direction == "both":
            return (Passed(at_ns, Ending.RESET, Origin("down", 0, 0)),)
        return (
            Passed(at_ns, Ending.LOST, Origin(self._direction, 0, 0)),
            Passed(at_ns, Ending.FIN, Origin(other_way(self._direction), 0, 0)),
        )

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let everything pass."""
        return (Passed(at_ns, item, origin),)
