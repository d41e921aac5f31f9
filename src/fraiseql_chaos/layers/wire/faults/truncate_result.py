"""
A result ends too early: after so many rows the following ones vanish.

Either the connection is cut there, as by a server that died in the middle of an answer, or the rows vanish and the result is completed as if
nothing were missing. No real network does the latter; a broken pooler or proxy does, and a client that does not compare the number of rows
with the one in the CommandComplete never notices.

Witnesses: a cut shows on the server as any other, in its log if it was still writing; missing rows show only in what a client reads: one of
our own, through the same edge, knows how many of them there should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Ending, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import logged_lost, sessions_lost, spoilt
from fraiseql_chaos.layers.wire.model import Act, End, Struck
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["TruncateResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateResult:
    """
    End results after so many rows.

    Args:
        rows: How many rows still arrive; results that have no more are left alone.
        then: ``cut`` the connection, or ``complete`` the result as if nothing were missing.
        trigger: Which results, by their rows: its message is DataRow, and each result counts once.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is not about DataRow, ``rows`` is negative, or ``then`` is neither of the two.
    """

    kind: ClassVar[str] = "truncate_result"
    failure_type: ClassVar[str] = "truncate_result"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_log", "server_sessions", "edge_answer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b""

    rows: int
    then: Literal["cut", "complete"] = "cut"
    trigger: Trigger = Trigger(message="DataRow")
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger)
        if self.trigger.message != "DataRow":
            raise DeclarationError(f"truncate_result: the trigger's message is DataRow, not {self.trigger.message}; nothing was armed")
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 0:
            raise DeclarationError(f"truncate_result: rows is a number from 0, not {self.rows!r}; nothing was armed")
        if self.then not in {"cut", "complete"}:
            raise DeclarationError(f"truncate_result: then {self.then!r} is neither 'cut' nor 'complete'; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        return f"results {'cut' if self.then == 'cut' else 'completed'} after {self.rows} rows ({self.trigger})"

    def strike(self, struck: Struck) -> Act | None:
        """End the result in front of the first row that is too many."""
        if struck.row != self.rows + 1:
            return None
        if self.then == "cut":
            return Act(decision=f"cut after {self.rows} rows", before=(End(ending=Ending.CUT),), passes=False)
        return Act(decision=f"rows dropped after {self.rows}", passes=False, rest_of_result=True)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count what the server says about the sessions that it lost, and the answers to questions of ours that ended too early."""
        if self.then == "complete":
            return (spoilt(self.trigger, before, during), reach_of_broken(before, during))
        return (logged_lost(before, during), sessions_lost(before, during), spoilt(self.trigger, before, during), reach_of_broken(before, during))
