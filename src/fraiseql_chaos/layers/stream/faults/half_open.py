"""
One end of a connection is gone, and the other does not know.

A machine that loses its power says no goodbye. The connections there are when the fault is armed lose one end, without a word to the other:
``gone="server"`` leaves the service writing into nothing, ``gone="service"`` leaves the server a session that nobody will ever use again,
with whatever it holds locked. What the survivor says vanishes. New connections pass, as to the machine that came up in its place. When the
fault heals, the survivor is sent the RST that a rebooted peer would send at its next word.

Witnesses: the kernel's table of the service's connections and the server's own list of its sessions, which agree in health, and one of
which has ends now that the other has lost. The kernel's table also shows that the service's connections had gone this way before, and found
no other way around.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Direction, Door, Ending, Item, Meeting, Origin, Passed, other_way
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, parameters_of

__all__ = ["HalfOpen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfOpen:
    """
    Take one end of each connection away.

    Args:
        gone: Which end: ``server`` or ``service``.
        scope: Which connections it hits, of those there are when it is armed.

    Raises:
        DeclarationError: If it is neither end.
    """

    kind: ClassVar[str] = "half_open"
    failure_type: ClassVar[str] = "half_open"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("service_path", "server_sessions")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    gone: Literal["server", "service"] = "server"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_choice(self.kind, "gone", self.gone, {"server": "the service is left alone", "service": "the server is left alone"})

    def parameters(self) -> JsonObject:
        """Return which end is gone."""
        return parameters_of(self)

    def __str__(self) -> str:
        left = "service" if self.gone == "server" else "server"
        return f"the {self.gone}'s end of each connection gone, and the {left} not told"

    def toxic(self, meeting: Meeting) -> Widow | None:
        """Return what it does to a connection that was there before; nothing to a new one."""
        return None if meeting.is_new else Widow(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found more ends on the survivor's side than on the other, where they had agreed; and how often the service was on the edge."""
        found, healthy = self._widowed(during), self._widowed(before)
        left, gone = ("connections of the service", "sessions") if self.gone == "server" else ("sessions", "connections of the service")
        statement = f"{sum(found)} of {len(found)} looks found more {left} than {gone}, and {sum(healthy)} of {len(healthy)} before"
        is_seen = len(found) > 1 and sum(found) > 1 and healthy != [] and sum(healthy) * 4 <= len(healthy)
        if not is_seen:
            statement += ", so nothing can be told apart"
        witness = "kernel and pg_stat_activity, asked for both ends"
        return (Sighting(witness=witness, count=sum(found) if is_seen else 0, statement=statement), reach_of_broken(before, during))

    def _widowed(self, samples: Collection[Sample]) -> list[bool]:
        """Return for each look at the server whether it and the last look at the service found more survivors than there were peers."""
        found: list[bool] = []
        connections: int | None = None
        for sample in sorted(samples, key=lambda s: s.at_ns):
            if sample.probe == "service_path":
                connections = _number(sample, "through_edge")
            elif sample.probe == "server_sessions" and sample.ok and connections is not None:
                sessions = _number(sample, "sessions")
                found.append(connections > sessions if self.gone == "server" else sessions > connections)
        return found


class Widow:
    """Takes one end away when it meets a connection; the other end's words vanish, and it learns of it when it is all over."""

    __slots__ = ("_to_gone",)

    def __init__(self, fault: HalfOpen) -> None:
        self._to_gone: Direction = "up" if fault.gone == "server" else "down"

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Reset the end that is gone: its process finds the connection void."""
        return (Passed(at_ns, Ending.LOST, Origin(self._to_gone, 0, 0)),)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Swallow what the survivor says, and what the other had said last."""
        del item, origin, at_ns
        return ()

    def end(self, at_ns: int) -> Iterable[Passed]:
        """Reset the survivor, as the peer that came back would at its next word."""
        return (Passed(at_ns, Ending.LOST, Origin(other_way(self._to_gone), 0, 0)),)


def _number(sample: Sample, key: str) -> int:
    value = sample.value.get(key)
    return value if isinstance(value, int) else 0
