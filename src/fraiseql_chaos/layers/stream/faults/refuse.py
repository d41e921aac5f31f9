"""
Nobody answers at the edge's address any more.

The edge's listener is closed and every connection through it is cut, so the kernel itself refuses each new connect with
ECONNREFUSED, exactly as if the server's process had gone. The server stays up behind it.

Witnesses: the kernel's answer to a connect of the runner's own, and the server's own list of sessions over its control socket,
from which the service must have vanished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
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

    def parameters(self) -> JsonObject:
        """Return no magnitudes: there are none."""
        return {}

    def __str__(self) -> str:
        return "connections refused at the edge, existing ones cut"

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count refused connects, and looks at the server that found no session of the service where there had been some."""
        refused = sum(s.probe == "edge_connect" and s.error == "ECONNREFUSED" for s in during)
        had_sessions = any(s.probe == "server_sessions" and s.ok and s.value["sessions"] for s in before)
        looks = [s for s in during if s.probe == "server_sessions" and s.ok]
        gone = sum(not s.value["sessions"] for s in looks) if had_sessions else 0
        return (
            Sighting(witness="kernel, asked by a connect to the edge", count=refused, statement=f"{refused} connects were answered ECONNREFUSED"),
            Sighting(
                witness="pg_stat_activity over the control socket",
                count=gone,
                statement=f"{gone} of {len(looks)} looks found no session of the service on the server",
            ),
        )
