"""
A link whose packets no process of ours touches: the kernel carries them over a wire (``Wire``) and bends them with ``netem``.

What is armed together is one setting of ``netem`` for each direction, made anew whenever a fault comes or goes. Nobody here sees a packet, so there are no hits to
tell of, only counts; and what a healed fault still holds leaves when it was due, because the kernel has no way to be told otherwise but to drop it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.core import Json, JsonObject, dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.codec import ledger_to_json
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.driver.wire import Wire
from fraiseql_chaos.layers.packet.ends import Side
from fraiseql_chaos.layers.packet.faults import BurstLoss, Duplicate, Loss, PacketRate, Partition
from fraiseql_chaos.layers.packet.ledger import PacketLedger, Traffic
from fraiseql_chaos.layers.packet.model import DIRECTIONS, DIRECTIONS_OF, Decision, Direction, PacketFault
from fraiseql_chaos.layers.packet.netem import Netem, netem_of
from fraiseql_chaos.layers.packet.netem_options import netem_options

__all__ = ["NetemLink"]

_NOTHING: Final = Netem()


@dataclass(slots=True)
class _Armed:
    """A fault at work, what its dice are called, and what had been counted when it was armed."""

    fault: PacketFault
    dice: str
    since: Mapping[Direction, Traffic]


class NetemLink:
    """
    A link between a near network of its own and the far one.

    Args:
        ordinal: Which link of this process it is, from 0: decides its addresses.
        far: The network at its far end, in which this process lives.
        seed: Where the dice of its faults derive from.
        mtu: The largest packet, in bytes.

    Attributes:
        sources: Nothing: the kernel carries the packets.
        ends: Its addresses, devices and networks.
    """

    def __init__(self, ordinal: int, far: Network, *, seed: int, mtu: int) -> None:
        self._seed = seed
        self._sides = Sides(ordinal, far)
        try:
            self._wire = Wire(self._sides, far, mtu=mtu)
        except BaseException:
            self._sides.close()
            raise
        self._armed: dict[str, _Armed] = {}
        self._done: dict[str, tuple[int, dict[str, int] | None]] = {}
        self.sources: Mapping[int, Callable[[], None]] = {}
        self.ends: JsonObject = self._sides.describe()

    @property
    def due_ns(self) -> int | None:
        """When something is to be released: never by us."""
        return None

    def release(self, time_ns: int) -> None:
        """Hand on what has come due; the kernel does."""

    def check(self) -> None:
        """
        See that faults can be armed here, by having ``netem`` do nothing.

        Raises:
            CapabilityError: If the kernel has no netem.
        """
        self._set(())

    def arm(self, fault_id: str, fault: PacketFault, dice: str) -> None:
        """
        Arm a fault.

        Raises:
            CapabilityError: If netem cannot do it, or not beside what is armed, or the kernel has no netem; nothing was armed.
            DeclarationError: If the id is armed already.
        """
        if fault_id in self._armed:
            raise DeclarationError(f"a fault with the id {fault_id!r} is armed already; heal it first, or choose another id; nothing was armed")
        armed = _Armed(fault, dice, {way: self._traffic(way) for way in DIRECTIONS})
        self._set((*self._armed.values(), armed))
        self._armed[fault_id] = armed

    def heal(self, fault_id: str) -> None:
        """
        Heal a fault; what it holds leaves when it was due.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        if fault_id not in self._armed:
            known = ", ".join(self._armed) or "none"
            raise DeclarationError(f"no fault with the id {fault_id!r} is armed; armed are {known}; nothing was healed")
        self._set(tuple(armed for name, armed in self._armed.items() if name != fault_id))
        armed = self._armed.pop(fault_id)
        fitted, did = self._deeds(armed)
        before, done = self._done.get(fault_id, (0, {}))
        self._done[fault_id] = before + fitted, _sum(done, did)

    def ledger(self) -> JsonObject:
        """Return what crossed, by the kernel's counts."""
        deeds = dict(self._done)
        for fault_id, armed in self._armed.items():
            fitted, did = self._deeds(armed)
            before, done = deeds.get(fault_id, (0, {}))
            deeds[fault_id] = before + fitted, _sum(done, did)
        up, down = (self._traffic(way) for way in DIRECTIONS)
        return ledger_to_json(
            PacketLedger(
                up=up,
                down=down,
                fitted={fault_id: fitted for fault_id, (fitted, _) in deeds.items()},
                hits={fault_id: did for fault_id, (_, did) in deeds.items() if did},
                mechanism="netem",
                uncounted=tuple(fault_id for fault_id, (_, did) in deeds.items() if did is None),
            )
        )

    def hits(self, since: int, limit: int) -> list[Json]:
        """Return what faults did, packet by packet: nothing, because the kernel does not tell."""
        del since, limit
        return []

    def tap(self, side: Side) -> socket.socket:
        """Return a socket that is handed a copy of every packet at one end; see ``Sides.tap``."""
        return self._sides.tap(side)

    def socket(self, side: Side, family: int, kind: int) -> socket.socket:
        """Return a new socket that lives at one end."""
        return self._sides.socket(side, family, kind)

    def close(self) -> None:
        """Take all devices away, and let go of the near network."""
        self._wire.close()
        self._sides.close()

    def _set(self, armed: tuple[_Armed, ...]) -> None:
        """Have ``netem`` do what is armed, in both directions; where the kernel refuses, all is again as it was."""
        try:
            self._impair(armed)
        except OSError:
            self._impair(tuple(self._armed.values()))
            raise

    def _impair(self, armed: tuple[_Armed, ...]) -> None:
        wanted = netem_of([each.fault for each in armed])
        for way in DIRECTIONS:
            rolled = dice(self._seed, *(each.dice for each in armed if way in DIRECTIONS_OF[each.fault.direction]), way)
            self._wire.impair(way, netem_options(wanted.get(way, _NOTHING), seed=rolled.getrandbits(64)))

    def _traffic(self, way: Direction) -> Traffic:
        counts, left = self._wire.counts(way), self._wire.left(way)
        packets, size = self._wire.entered(way)  # Last, so that what comes meanwhile is not taken for a copy.
        sender: Side = "near" if way == "up" else "far"
        return Traffic(
            packets=packets,
            bytes=size,
            unreadable=0,
            dropped=counts.dropped,
            added=max(0, left + counts.dropped + counts.waiting - packets),
            held=counts.waiting,
            held_bytes=counts.waiting_bytes,
            overrun=self._sides.dropped_before(sender),
            refused=self._wire.refused(way),
        )

    def _deeds(self, armed: _Armed) -> tuple[int, dict[str, int] | None]:
        """Return how many packets a fault met since it was armed, and what it did to how many of them; None if nobody counted that."""
        ways = DIRECTIONS_OF[armed.fault.direction]
        now = {way: self._traffic(way) for way in ways}
        fitted = sum(now[way].packets - armed.since[way].packets for way in ways)
        decision: Decision
        match armed.fault:
            case Loss() | BurstLoss() | Partition():
                decision, field = "dropped", "dropped"
            case PacketRate():
                decision, field = "overflowed", "dropped"
            case Duplicate():
                decision, field = "duplicated", "added"
            case _:
                return fitted, None
        count = sum(getattr(now[way], field) - getattr(armed.since[way], field) for way in ways)
        return fitted, {decision: count} if count else {}


def _sum(one: dict[str, int] | None, other: dict[str, int] | None) -> dict[str, int] | None:
    if one is None or other is None:
        return None
    return {decision: one.get(decision, 0) + other.get(decision, 0) for decision in {*one, *other}}
