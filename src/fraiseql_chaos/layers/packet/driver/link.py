"""
One link: two TUN devices and the engine between them.

    near device --read--> engine --write--> far device          and the other way round

A wake-up says that one packet waits. While they come one by one, one is read for each, because a read in vain costs more than it would save; when one
follows the last closely, as in bulk, they are read until there are no more, up to a bound, so that neither direction starves the other or the
control socket. A device whose queue is full drops a packet, as any full queue does, and it is counted.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from fraiseql_chaos.core import Json, JsonObject, now_ns
from fraiseql_chaos.core.units import NS_PER_US
from fraiseql_chaos.layers.packet.codec import hits_to_json, ledger_to_json
from fraiseql_chaos.layers.packet.driver.devices import open_tun
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.ends import SIDES, Side
from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.ledger import PacketLedger, Traffic
from fraiseql_chaos.layers.packet.model import DIRECTIONS, Direction, PacketFault

__all__ = ["Link"]

BATCH: Final = 64
"""How many packets are read before the other direction has its turn."""

CLOSE_NS: Final = 25 * NS_PER_US
"""Packets of one direction that follow each other faster come in bulk: less than half of a round trip, and several times what one takes to be carried."""

HEADROOM_BYTES: Final = 64
"""What is read beyond the MTU, so that a packet that is longer than allowed is seen as such and not cut."""


class Link:
    """
    A link between a near network of its own and the far one.

    Args:
        ordinal: Which link of this process it is, from 0: decides its addresses.
        far: The network at its far end, in which this process lives.
        seed: Where the dice of its faults derive from.
        mtu: The largest packet, in bytes.

    Attributes:
        sources: What is to be called when a descriptor can be read.
        ends: Its addresses, devices and networks.
    """

    def __init__(self, ordinal: int, far: Network, *, seed: int, mtu: int) -> None:
        self._engine = LinkEngine(seed=seed)
        self._read_bytes = mtu + HEADROOM_BYTES
        self._sides = Sides(ordinal, far)
        self._devices: dict[Side, int] = {}
        try:
            for side in SIDES:
                with self._sides.visited(side):
                    self._devices[side] = open_tun(self._sides.names[side])
            self._sides.configure(mtu)
        except BaseException:
            self.close()
            raise
        sources: dict[Direction, int] = {"up": self._devices["near"], "down": self._devices["far"]}
        self._targets: dict[Direction, int] = {"up": self._devices["far"], "down": self._devices["near"]}
        self._refused: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.sources: Mapping[int, Callable[[], None]] = {source: self._carrier(way, source) for way, source in sources.items()}
        self.ends: JsonObject = self._sides.describe()

    @property
    def due_ns(self) -> int | None:
        """When something is to be released; None if nothing is."""
        return self._engine.due_ns

    def release(self, time_ns: int) -> None:
        """Hand on what has come due."""
        self._write(self._engine.take(time_ns))

    def arm(self, fault_id: str, fault: PacketFault, dice: str) -> None:
        """Arm a fault."""
        self._engine.arm(fault_id, fault, dice=dice, now_ns=now_ns())

    def heal(self, fault_id: str) -> None:
        """Heal a fault, and hand on what it held."""
        time_ns = now_ns()
        self._engine.heal(fault_id, time_ns)
        self.release(time_ns)

    def ledger(self) -> JsonObject:
        """Return what crossed."""
        ledger = self._engine.ledger()
        return ledger_to_json(replace(ledger, up=self._whole(ledger, "up"), down=self._whole(ledger, "down")))

    def hits(self, since: int, limit: int) -> list[Json]:
        """Return what faults did, from one hit on."""
        return hits_to_json(self._engine.hits(since)[:limit])

    def tap(self, side: Side) -> socket.socket:
        """Return a socket that is handed a copy of every packet at one end; see ``Sides.tap``."""
        return self._sides.tap(side)

    def socket(self, side: Side, family: int, kind: int) -> socket.socket:
        """Return a new socket that lives at one end."""
        return self._sides.socket(side, family, kind)

    def close(self) -> None:
        """Take both devices away, and let go of the near network."""
        for device in self._devices.values():
            os.close(device)
        self._sides.close()

    def _whole(self, ledger: PacketLedger, direction: Direction) -> Traffic:
        """Return what crossed in one direction, and what never got as far as the link, or no further."""
        traffic = ledger.up if direction == "up" else ledger.down
        sender: Side = "near" if direction == "up" else "far"
        return replace(traffic, overrun=self._sides.dropped_before(sender), refused=self._refused[direction])

    def _carrier(self, direction: Direction, source: int) -> Callable[[], None]:
        """Return what carries the packets that wait at one end. Every packet comes by here, so whatever that takes is at hand."""
        read, size, feed, write, clock_ns = os.read, self._read_bytes, self._engine.feed, self._write, time.monotonic_ns
        came_ns = 0

        def carry() -> None:
            nonlocal came_ns
            last_ns, came_ns = came_ns, clock_ns()
            try:
                write(feed(direction, read(source, size), came_ns))
                if came_ns - last_ns < CLOSE_NS:
                    for _ in range(BATCH):
                        packet = read(source, size)
                        came_ns = clock_ns()
                        write(feed(direction, packet, came_ns))
            except BlockingIOError:
                return  # Nothing waits any more.

        return carry

    def _write(self, leaving: Sequence[tuple[Direction, bytes]]) -> None:
        targets = self._targets
        for direction, packet in leaving:
            try:
                os.write(targets[direction], packet)
            except OSError:  # A full queue, a device that is down, or what no kernel would take for a packet: lost, as on any wire.
                self._refused[direction] += 1
