"""
The link comes and goes.

From the moment it is armed nothing passes for ``down_for``, then everything does for ``up_for``, and so on, by the clock and not by chance: a loose cable, a
route that flaps, a host whose interface is reset. Packets are turned back as by a partition, silently (``drop``), with an ICMP message
(``unreachable``) or with a reset. What makes it worse than a partition is the healing in between: a service that reconnects at once, and has its whole
pool cut again, can be kept from ever answering by a link that is there most of the time.

Witnesses: a capture at both ends of the link, where there must be stretches in which nothing arrived and others in which something did. Both kernels'
counters. The kernel's table of connections shows that the service's went this way before, and none around it since.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.barrier import HOW, HOW_WORDS, How, turned_back
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import DIRECTION_CHOICES, DIRECTION_WORDS, WITNESSES, Direction, Directions, Fate, Meeting
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import (
    CAPTURE,
    answers,
    captured,
    corroborated,
    in_vain,
    number,
    reach_of_broken,
    retransmissions,
    slices,
    watched,
)
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, parameters_of

__all__ = ["Flapping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """
    Let nothing pass, then everything, and so on.

    Args:
        up_for: How long everything passes; above 0.
        down_for: How long nothing does; above 0. It begins with that.
        how: ``drop`` tells nobody, ``unreachable`` tells the sender by ICMP, ``reset`` resets the sender's connection.
        direction: ``both``, or which way nothing passes.
        match: Which packets are turned back.

    Raises:
        DeclarationError: If a duration has no unit or is 0, or the direction or the way is none.
    """

    kind: ClassVar[str] = "flapping"
    failure_type: ClassVar[str] = "partition"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    up_for: Duration
    down_for: Duration
    how: How = "drop"
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_duration(self.kind, "up_for", self.up_for, above_0=True)
        check_duration(self.kind, "down_for", self.down_for, above_0=True)
        check_choice(self.kind, "how", self.how, HOW)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        times = f"for {self.down_for} of every {self.down_for + self.up_for}"
        return f"everything {DIRECTION_WORDS[self.direction]} {HOW_WORDS[self.how]} {times}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Gate:
        """Return what it does on a link."""
        return Gate(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that never arrived, if some did meanwhile, and nearly all had before; and how often the service had gone that way."""
        looks = [look for look in slices(during, self.direction) if number(look, "sent")]
        healthy, seen = captured(slices(before, self.direction)), captured(looks)
        dead = [number(look, "arrived") == 0 for look in looks]
        stretches = sum(is_dead for is_dead, _ in groupby(dead))
        statement = f"{seen.missing} of {seen.sent} packets never arrived; nothing did in {sum(dead)} of {len(dead)} slices, in {stretches} stretches"
        count = seen.missing
        if not watched(before, during):
            count, statement = 0, in_vain(before, during)
        elif healthy.sent and seen.sent and healthy.missing * seen.sent * 2 >= seen.missing * healthy.sent:
            count, statement = 0, f"{statement}; {healthy.missing} of {healthy.sent} before, so nothing can be told apart"
        elif not seen.arrived or not seen.missing:
            count, statement = 0, f"{statement}: it did not come and go"
        sighted = Sighting(witness=CAPTURE, count=count, statement=statement)
        if self.how != "drop":
            sighted = answers(sighted, during)
        return (sighted, corroborated(sighted, before, during, counters=retransmissions(self.direction)), reach_of_broken(before, during))


class Gate:
    """Turns packets back while the clock says so."""

    __slots__ = ("_armed_ns", "_down_ns", "_how", "_period_ns")

    def __init__(self, fault: Flapping, meeting: Meeting) -> None:
        self._how: How = fault.how
        self._armed_ns = meeting.armed_ns
        self._down_ns = fault.down_for.ns
        self._period_ns = fault.down_for.ns + fault.up_for.ns

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet pass, or turn it back."""
        del ordinal
        if (at_ns - self._armed_ns) % self._period_ns >= self._down_ns:
            return None
        return turned_back(packet, direction, at_ns, self._how)
