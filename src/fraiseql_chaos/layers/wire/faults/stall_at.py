"""
From an exact message on nothing leaves any more, and nobody is told: the connection stays open and silent.

What is held is kept and leaves in order when the stall ends, so nothing is lost that a patient client would not get.

Witnesses: the server's list of sessions, over the control socket, shows one that waits for its client inside a statement or a transaction
for as long as the stall lasts. It cannot see a stall in front of a transaction, or of answers that were written whole before it: there a client of our own
waits, through the same edge, for what it knows it should be answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTIONS, FOREVER_NS, Door, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import spoilt, waited
from fraiseql_chaos.layers.wire.model import Act, Hold, Struck, When
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["StallAt"]

_NOTICEABLE = ms(200)
"""How long a session must wait for its client to be taken for stalled, if the stall has no length of its own; services answer faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StallAt:
    """
    Let nothing leave from a message on.

    Args:
        trigger: At which message; each statement if not given.
        when: ``before`` its first byte leaves, or ``after`` its last one has.
        lasting: For how long; None until the fault is healed.
        both: Whether the other direction stalls too.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is none, ``when`` is neither of the two, ``lasting`` has no unit or is 0, or ``both`` is
            no yes or no.
    """

    kind: ClassVar[str] = "stall_at"
    failure_type: ClassVar[str] = "stall_at"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_sessions", "edge_answer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b""

    trigger: Trigger = Trigger()
    when: When = "before"
    lasting: Duration | None = None
    both: bool = True
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger, self.when)
        if self.lasting is not None and not isinstance(self.lasting, Duration):
            raise DeclarationError(f"stall_at: lasting={self.lasting!r} has no unit; write lasting=seconds(2); nothing was armed")
        if not isinstance(self.both, bool):
            raise DeclarationError(f"stall_at: both is true or false, not {self.both!r}; nothing was armed")
        if self.lasting is not None and self.lasting.ns == 0:
            raise DeclarationError("stall_at: a stall that lasts 0 would change nothing; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        lasting = "" if self.lasting is None else f" for {self.lasting}"
        return f"{'both directions stall' if self.both else 'stall'} {self.when} {self.trigger}{lasting}"

    def strike(self, struck: Struck) -> Act | None:
        """Close the gates at the message."""
        until_ns = FOREVER_NS if self.lasting is None else struck.at_ns + self.lasting.ns
        moves = (Hold(until_ns=until_ns, directions=DIRECTIONS if self.both else (struck.direction,)),)
        if self.when == "before":
            return Act(decision="stalled before it", before=moves)
        return Act(decision="stalled after it", after=moves)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found a session waiting for its client, and the questions of ours whose answers stalled."""
        at_least = _NOTICEABLE if self.lasting is None else min(self.lasting, _NOTICEABLE)
        return (waited(at_least, before, during), spoilt(self.trigger, before, during, at_least=at_least), reach_of_broken(before, during))
