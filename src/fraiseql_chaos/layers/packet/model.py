"""
What crosses a link, and the role a fault can play there.

    near namespace                                    far namespace
    service  <--- down --- [ TUN | link | TUN ] <--- down ---  server
             ---- up ---->                      ---- up ---->

A *link* joins two network namespaces by a TUN device in each: what one kernel sends is handed over as an IP packet, whole and by itself, and so it
can be lost, doubled, overtaken or bent without the other kernel being told. TCP is then the kernels' own business, as it is on a real network.

Fidelity: these faults are called ``kernel``. The link is a process of ours, but it does what ``tc netem`` does in the kernel and no more (and where it is asked
for, ``netem`` itself does it, see ``netem.py``); everything
that follows from it, retransmission, backing off, duplicate acknowledgements, giving up, is done by two real TCP stacks, and not by an imitation in
a proxy, which could only delay or falsify bytes that had arrived.

A fault that bends packets acts as an *impairment*: one for each arming, for both directions, asked once for each packet that fits. It decides what
leaves, when and which way, and says so at once; holding, ordering and bounding what waits is the engine's job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from fraiseql_chaos.layers.packet.draws import Draws
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.plan import Fault

__all__ = [
    "DIRECTIONS",
    "DIRECTIONS_OF",
    "DIRECTION_CHOICES",
    "DIRECTION_WORDS",
    "DROPPED",
    "WITNESSES",
    "Decision",
    "Direction",
    "Directions",
    "Fate",
    "Impairment",
    "Leaving",
    "Meeting",
    "PacketFault",
    "other_way",
]

type Direction = Literal["up", "down"]
"""``up`` is from near to far (towards the server), ``down`` from far to near (towards the service)."""

type Directions = Literal["up", "down", "both"]
"""Which way a fault acts."""

DIRECTIONS: Final[tuple[Direction, Direction]] = ("up", "down")

DIRECTIONS_OF: Final[Mapping[Directions, tuple[Direction, ...]]] = {"up": ("up",), "down": ("down",), "both": DIRECTIONS}
"""What a fault's direction stands for."""

DIRECTION_WORDS: Final[Mapping[str, str]] = {"down": "towards the service", "up": "towards the server", "both": "both ways"}
"""The directions, as people are told them."""

DIRECTION_CHOICES: Final[Mapping[str, str]] = {**DIRECTION_WORDS, "both": "each way by itself"}
"""The directions, as a refusal explains them."""

WITNESSES: Final = ("link_capture", "link_kernels", "service_path")
"""The probes that every fault of packets is recognised in."""

type Decision = Literal["dropped", "delayed", "duplicated", "changed", "answered", "overflowed"]
"""What became of a packet: ``overflowed`` is one that found a queue full; ``answered`` one that was dropped and its sender told."""


def other_way(direction: Direction) -> Direction:
    """Return the opposite direction."""
    return "down" if direction == "up" else "up"


class Leaving(NamedTuple):
    """What leaves an impairment: when, on the machine's monotonic clock in nanoseconds, and which way."""

    at_ns: int
    direction: Direction
    raw: bytes


class Fate(NamedTuple):
    """What becomes of a packet that an impairment does something to: what it is called, and all that leaves in its stead."""

    decision: Decision
    leaving: tuple[Leaving, ...] = ()


DROPPED: Final = Fate("dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """
    A fault and the link that it is armed on.

    Attributes:
        armed_ns: When it was armed.
        seed: Where the dice derive from.
        dice: What the dice are called: a name that does not change when another fault is added or removed.
    """

    armed_ns: int
    seed: int
    dice: str

    def draws(self, direction: Direction, *names: str) -> Draws:
        """Return the fault's dice for one direction; the n-th draw is a function of n and of nothing drawn before."""
        return Draws(self.seed, self.dice, direction, *names)


class Impairment(Protocol):
    """What one armed fault does to the packets of a link."""

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """
        Decide what becomes of a packet that the fault is about.

        Args:
            packet: The packet.
            direction: Which way it goes.
            ordinal: Its place among those that fitted and went this way since the fault was armed, from 0.
            at_ns: When it arrived here: the instant it left the fault in front, not the instant a timer noticed.

        Returns:
            What becomes of it, or None if it passes as it came. What leaves the other way than it came is an answer.
        """
        ...


class PacketFault(Fault, Protocol):
    """A fault of the packet layer: a value that knows how it acts."""

    @property
    def direction(self) -> Directions:
        """Which way it acts."""
        ...

    @property
    def match(self) -> Match:
        """Which packets it is about."""
        ...

    def impairment(self, meeting: Meeting) -> Impairment:
        """Return what it does on the link it is armed on."""
        ...
