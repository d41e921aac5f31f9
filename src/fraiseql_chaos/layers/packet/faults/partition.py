"""
Nothing passes: the two sides cannot reach each other, or one cannot reach the other.

Every packet that fits is turned back. How is what the service gets to feel. ``drop``: nobody is told, as when a cable is pulled or a firewall drops, and a
service without a timeout of its own waits until the kernel gives up, which takes minutes. ``unreachable``: the sender is told by ICMP that it is
administratively prohibited, as by a firewall that rejects; connects fail at once, connections that stand go on trying. ``reset``: the sender's
connection is reset, as by a middlebox that forgot it; what is not TCP is told that it is unreachable. A partition in one ``direction`` is the nastier one: a
server that hears requests and whose answers nobody gets, or a service that hears a server which does not hear it.

Witnesses: a capture at both ends of the link, where nothing that was sent may have arrived; for ``unreachable`` and ``reset`` the answers, which nobody at
the other end had sent. Both kernels' counters. The kernel's table of connections shows that the service's went this way before, and none around it since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.barrier import HOW, HOW_WORDS, How, turned_back
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import DIRECTION_CHOICES, DIRECTION_WORDS, WITNESSES, Direction, Directions, Fate, Meeting
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import answers, corroborated, reach_of_broken, retransmissions, sent_by, share
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, parameters_of

__all__ = ["Partition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """
    Let nothing pass.

    Args:
        direction: ``both`` for a full partition; ``up``, if nothing reaches the server; ``down``, if nothing reaches the service.
        how: ``drop`` tells nobody, ``unreachable`` tells the sender by ICMP, ``reset`` resets the sender's connection.
        match: Which packets are turned back.

    Raises:
        DeclarationError: If the direction or the way is none.
    """

    kind: ClassVar[str] = "partition"
    failure_type: ClassVar[str] = "partition"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    direction: Directions = "both"
    how: How = "drop"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        check_choice(self.kind, "how", self.how, HOW)

    def parameters(self) -> JsonObject:
        """Return what it cuts, and how."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"everything {DIRECTION_WORDS[self.direction]} {HOW_WORDS[self.how]}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Wall:
        """Return what it does on a link."""
        del meeting  # A wall has no chance of its own.
        return Wall(self.how)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that never arrived, if none did, and where senders are told, whether they were; and how often the service had gone that way."""
        seen = share(before, during, direction=self.direction, asked=1.0, marked=lambda seen: seen.missing, how="never arrived")
        counters = retransmissions(self.direction)
        if self.how != "drop":
            seen = answers(seen, during)
            counters += (
                sent_by(self.direction, "TcpEstabResets", "connections reset")
                if self.how == "reset"
                else sent_by(self.direction, "IcmpInDestUnreachs", "unreachables received")
            )
        return (seen, corroborated(seen, before, during, counters=counters), reach_of_broken(before, during))


class Wall:
    """Turns every packet back."""

    __slots__ = ("_how",)

    def __init__(self, how: How) -> None:
        self._how: How = how

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Turn the packet back."""
        del ordinal
        return turned_back(packet, direction, at_ns, self._how)
