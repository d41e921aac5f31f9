"""
Connections are accepted late, and one after another.

A connect succeeds at once, because the kernel completes it; but the server's process takes ``delay`` to accept each, so the client that
believes itself connected waits for the first byte, behind everybody who came before. A pool that opens ten connections at once waits ten
times as long for the last. Connections that were accepted before are not slowed down.

Witnesses: a client of the runner's own that connects through the same edge and asks for the one byte with which every PostgreSQL answers a
request for TLS: the connect is quick, the byte late. It takes its place in the queue like everybody else. The kernel's connection table
shows that the service's connections went the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach, slow
from fraiseql_chaos.plan import Fidelity, Sighting, check_duration, parameters_of

__all__ = ["SlowAccept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowAccept:
    """
    Accept connections late, one after another.

    Args:
        delay: How long each takes to be accepted, once those in front of it are; above 0.

    Raises:
        DeclarationError: If the delay has no unit or is 0.
    """

    kind: ClassVar[str] = "slow_accept"
    failure_type: ClassVar[str] = "slow_accept"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_greeting", "service_path")
    door: ClassVar[Door] = "slow"
    acts_at_once: ClassVar[bool] = False
    scope: ClassVar[Scope] = Scope()

    delay: Duration

    def __post_init__(self) -> None:
        check_duration(self.kind, "delay", self.delay, above_0=True)

    @property
    def accept_delay(self) -> Duration:
        """How long the door takes for each."""
        return self.delay

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"each connection accepted {self.delay} late, one after another"

    def toxic(self, _meeting: Meeting) -> None:
        """Do nothing to what flows: it acts on the door."""

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the connects that succeeded and waited for the first byte as long as the delay, if most did; and how often the service went that way."""
        connected = [s for s in looks_of("edge_greeting", during) if s.value.get("connect_ms") is not None]
        witness = "client that asks for the server's first byte through the same edge"
        greetings = slow(
            looks_of("edge_greeting", before), connected, floor_ns=self.delay.ns, witness=witness, what="greetings", given_up_counts=True
        )
        return (greetings, reach(during))
