"""
Nobody answers at the edge's address any more.

The edge's listener is closed and every connection through it is cut, so the kernel itself refuses each new connect with
ECONNREFUSED, exactly as if the server's process had gone. The server stays up behind it.

Witnesses: the kernel's answer to a connect of the runner's own shows that the fault happened. The server's own list of sessions, over its
control socket, shows that the service was under it: it had sessions there before, and they vanished. A service that comes back on to that
list while nothing can pass the edge has another way to the server, and one that never was on it has no use for the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fidelity, Sighting

__all__ = ["Refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Refuse connections at an edge and cut those there are."""

    kind: ClassVar[str] = "refuse"
    failure_type: ClassVar[str] = "database_unavailable"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = ("edge_connect", "server_sessions")
    door: ClassVar[Door] = "shut"
    acts_at_once: ClassVar[bool] = False
    scope: ClassVar[Scope] = Scope()

    def parameters(self) -> JsonObject:
        """Return no magnitudes: there are none."""
        return {}

    def __str__(self) -> str:
        return "connections refused at the edge, existing ones cut"

    def toxic(self, _meeting: Meeting) -> None:
        """Do nothing to what flows: it acts on the door, and on whole connections."""

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count refused connects, and the looks at the server that found sessions of the service before they vanished."""
        refused = sum(s.probe == "edge_connect" and s.error == "ECONNREFUSED" for s in during)
        count, statement = _reach(_had_sessions(before), _had_sessions(during))
        return (
            Sighting(witness="kernel, asked by a connect to the edge", count=refused, statement=f"{refused} connects were answered ECONNREFUSED"),
            Sighting(witness="pg_stat_activity over the control socket", count=count, statement=statement, shows="reach"),
        )


def _had_sessions(samples: tuple[Sample, ...]) -> list[bool]:
    """Return for each look that was answered whether the service had any session."""
    return [bool(s.value["sessions"]) for s in samples if s.probe == "server_sessions" and s.ok]


def _reach(before: list[bool], during: list[bool]) -> tuple[int, str]:
    had, gone = sum(before), during.count(False)
    # The first looks may precede the cut, and the last may follow the reopening; in between nothing of the service may be there.
    came_back = gone > 0 and any(during[during.index(False) : len(during) - during[::-1].index(False)])
    if not before:
        return 0, "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it"
    if not had:
        return 0, "the service had no session on the server before the fault, so it was not under it"
    if came_back or gone * 2 <= len(during):
        return 0, f"only {gone} of {len(during)} looks during the fault found no session of the service, so it was not kept from the server"
    return had, f"{had} of {len(before)} looks before the fault found sessions of the service, and {gone} of {len(during)} during it none"
