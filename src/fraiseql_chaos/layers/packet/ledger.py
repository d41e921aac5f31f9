"""
The ledger of a link: exact counts of what crossed it, and what its faults did, kept by the forwarder itself.

It never decides whether a fault bit, because the injector's own word is no evidence; it is what the witnesses' words are compared with. Counts only
grow, but for the two that say how much there is *now*. At any instant, and for each direction,

    packets + added = what was handed on + held + dropped

What a full device loses, on either side of the link, is no fault's doing and counted by itself.

A *hit* says what became of one packet. The first ``limit`` hits are kept whole, because the first ones explain the most; beyond that only the counts
go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from fraiseql_chaos.layers.packet.ends import Mechanism
from fraiseql_chaos.layers.packet.model import Decision, Direction

__all__ = ["HITS_KEPT_DEFAULT", "Hits", "PacketHit", "PacketLedger", "Traffic"]

HITS_KEPT_DEFAULT: Final = 10_000
"""About 3 MB of memory and of history; one in a hundred packets of a run's load is fewer."""


class PacketHit(NamedTuple):
    """
    What became of one packet.

    Attributes:
        fault_id: Which fault did it.
        at_ns: When, on the machine's monotonic clock.
        direction: Which way it went.
        ordinal: Its place among those that the fault was about and that went this way, from 0.
        flow: Protocol, sender and receiver: ``tcp 10.0.0.1:40000 > 10.0.0.2:5432``.
        bytes: How long it was.
        decision: What became of it.
    """

    fault_id: str
    at_ns: int
    direction: Direction
    ordinal: int
    flow: str
    bytes: int
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """
    What crossed in one direction.

    Attributes:
        packets, bytes: What the sender's kernel handed over.
        unreadable: How many of the packets were looked at for a fault's sake, could not be read, and were let pass as they came.
        dropped: How many were not handed on, because a fault took them or a queue was full.
        added: How many were handed on, or are held, that the sender did not send: copies, and answers in the other end's stead.
        held, held_bytes: How much is held back now.
        overrun: How many the sender's device had no room for, by its kernel's count: the link never had them.
        refused: How many of those handed on the receiver's device did not take.
    """

    packets: int
    bytes: int
    unreadable: int
    dropped: int
    added: int
    held: int
    held_bytes: int
    overrun: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketLedger:
    """
    What happened on a link since it was opened.

    Attributes:
        up: What crossed towards the server.
        down: What crossed towards the service.
        fitted: How many packets each fault was about, by its id, healed faults included.
        hits: How often each fault did what, by its id and the decision; what it let pass is the rest.
        mechanism: Who carries the packets.
        uncounted: The ids of those of which nobody counts what they do: the kernel does it, and does not tell.
    """

    up: Traffic
    down: Traffic
    fitted: Mapping[str, int]
    hits: Mapping[str, Mapping[str, int]]
    mechanism: Mechanism = "tun"
    uncounted: tuple[str, ...] = ()


class Hits:
    """
    The hits of one link: bounded in detail, exact in number.

    Args:
        limit: How many are kept whole.
    """

    __slots__ = ("counts", "kept", "limit")

    def __init__(self, limit: int = HITS_KEPT_DEFAULT) -> None:
        self.limit = limit
        self.kept: list[PacketHit] = []
        self.counts: Counter[tuple[str, Decision]] = Counter()

    @property
    def has_room(self) -> bool:
        """Whether the next one will be kept whole."""
        return len(self.kept) < self.limit

    def by_fault(self) -> dict[str, dict[str, int]]:
        """Return the counts by fault id and decision."""
        by_fault: dict[str, dict[str, int]] = {}
        for (fault_id, decision), count in self.counts.items():
            by_fault.setdefault(fault_id, {})[decision] = count
        return by_fault
