"""
Exact messages vanish: one side believes that it said something, and the other never heard it.

A dropped answer leaves the client waiting, and a dropped statement leaves both waiting for each other. What a dropped Sync, Parse or
CommandComplete does to a client library is the thing to find out.

Witnesses: a statement that is dropped within a transaction leaves the server's session waiting for its client. One outside, or a dropped answer,
leaves no trace on the server: it looks idle. Only a client can tell, so one of our own, through the same edge, knows what it should be answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject, ms
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import spoilt, waited
from fraiseql_chaos.layers.wire.model import Act, Struck
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["DropMessage"]

_NOTICEABLE = ms(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMessage:
    """
    Let messages vanish.

    Args:
        trigger: Which messages; each statement if not given.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is none.
    """

    kind: ClassVar[str] = "drop_message"
    failure_type: ClassVar[str] = "drop_message"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_sessions", "edge_answer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b""

    trigger: Trigger = Trigger()
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger)

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        return f"dropped: {self.trigger}"

    def strike(self, struck: Struck) -> Act | None:  # noqa: ARG002  every message will do
        """Let the message vanish."""
        return Act(decision="dropped", passes=False)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found a session waiting for its client, and the questions of ours that got no right answer."""
        return (waited(_NOTICEABLE, before, during), spoilt(self.trigger, before, during), reach_of_broken(before, during))
