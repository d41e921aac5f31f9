"""
The connection is reset at an exact message: both ends are sent an RST.

Unlike a cut it may take with it what the receiver has not read yet, as a reset does (RFC 9293): *after* a message means that its bytes were
handed to the kernel, and not that anybody read them.

Witnesses: the server's log tells of a connection reset by its peer; the list of its sessions, over the control socket, shows that one
vanished, and that they were the service's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Ending, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import logged_lost, sessions_lost
from fraiseql_chaos.layers.wire.model import Act, End, Struck, When
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["ResetAt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAt:
    """
    Reset the connection at a message.

    Args:
        trigger: At which message; each statement if not given.
        when: ``before`` its first byte leaves, or ``after`` its last one has.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is none, or ``when`` is neither of the two.
    """

    kind: ClassVar[str] = "reset_at"
    failure_type: ClassVar[str] = "reset_at"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_log", "server_sessions", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b""

    trigger: Trigger = Trigger()
    when: When = "before"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger, self.when)

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        return f"connection reset {self.when} {self.trigger}"

    def strike(self, struck: Struck) -> Act | None:  # noqa: ARG002  every message will do
        """End the connection at the message."""
        moves = (End(ending=Ending.RESET),)
        if self.when == "before":
            return Act(decision="reset before it", before=moves, passes=False)
        return Act(decision="reset after it", after=moves)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count what the server says about the sessions that it lost."""
        return (logged_lost(before, during), sessions_lost(before, during), reach_of_broken(before, during))
