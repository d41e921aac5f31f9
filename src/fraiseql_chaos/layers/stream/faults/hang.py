"""
Connects get no answer.

The kernel drops the SYN of every new connect, because the queue of the listener is full, and the client's kernel sends it again after 1, 3,
7 seconds. The connect neither succeeds nor fails until the client gives up. Connections that stand live on: what hangs is a pool that wants
to grow.

Witnesses: connects of the runner's own that get no answer. The kernel's connection table shows that the service was on the edge: with
connections that stand, or a connect that hangs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import GIVEN_UP, broken, looks_of, reach
from fraiseql_chaos.plan import Fidelity, Sighting

__all__ = ["Hang"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Let connects hang in the kernel."""

    kind: ClassVar[str] = "hang"
    failure_type: ClassVar[str] = "hang"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_connect", "service_path")
    door: ClassVar[Door] = "hanging"
    acts_at_once: ClassVar[bool] = False
    scope: ClassVar[Scope] = Scope()

    def parameters(self) -> JsonObject:
        """Return no magnitudes: there are none."""
        return {}

    def __str__(self) -> str:
        return "connects hang, existing connections live"

    def toxic(self, _meeting: Meeting) -> None:
        """Do nothing to what flows: it acts on the door."""

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the connects that got no answer, where all had one before; and how often the service was on the edge."""
        connects = broken(
            looks_of("edge_connect", before),
            looks_of("edge_connect", during),
            bitten=lambda look: look.error in GIVEN_UP,
            scope=self.scope,
            witness="kernel, asked by a connect to the edge",
            what="connects",
            how="got no answer",
        )
        return (connects, reach(during, connecting_counts=True))
