"""
One link: two devices, the engine between them, and what may be opened at its ends.

    near device --read--> engine --write--> far device          and the other way round

Packets are read until the device has no more, up to a bound, so that neither direction starves the other or the control socket. A device whose queue
is full refuses a packet, which is lost then, as on any full queue, and counted.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Final

from fraiseql_chaos.core import Json, JsonObject, now_ns
from fraiseql_chaos.layers.packet.codec import hits_to_json, ledger_to_json
from fraiseql_chaos.layers.packet.driver.devices import open_tun
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.ends import Side, addresses_of
from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.model import Direction, PacketFault

__all__ = ["Link"]

BATCH: Final = 64
"""How many packets are read before the other direction has its turn."""

_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_ETH_P_ALL: Final = 3
TAP_BYTES: Final = 32 * 2**20
"""What a capture may fall behind before its kernel drops, and counts what it dropped."""

_TOWARDS: Final[dict[Direction, Side]] = {"up": "far", "down": "near"}


class Link:
    """
    A link between a near network of its own and the far one.

    Args:
        ordinal: Which link of this process it is, from 0: decides its addresses.
        far: The network at its far end, in which this process lives.
        seed: Where the dice of its faults derive from.
        mtu: The largest packet, in bytes.
    """

    def __init__(self, ordinal: int, far: Network, *, seed: int, mtu: int) -> None:
        self.engine = LinkEngine(seed=seed)
        self.overflowed = 0
        self._far = far
        near4, far4, near6, far6 = addresses_of(ordinal)
        names: dict[Side, str] = {"near": "near", "far": f"far{ordinal}"}
        self.near = Network.make(far)
        try:
            with self.near.visited(far):
                near_device = open_tun(names["near"], near4, near6, mtu=mtu)
            try:
                far_device = open_tun(names["far"], far4, far6, mtu=mtu)
            except BaseException:
                os.close(near_device)
                raise
        except BaseException:
            self.near.close()
            raise
        self.devices: dict[Side, int] = {"near": near_device, "far": far_device}
        self._names = names
        self._read_bytes = mtu + 64
        self.ends: JsonObject = {
            "near": {"ipv4": str(near4.ip), "ipv6": str(near6.ip), "device": names["near"], "namespace": str(self.near.path)},
            "far": {"ipv4": str(far4.ip), "ipv6": str(far6.ip), "device": names["far"], "namespace": str(far.path)},
        }

    def carry(self, direction: Direction) -> None:
        """Carry what waits at one end."""
        source = self.devices["near" if direction == "up" else "far"]
        feed, write = self.engine.feed, self._write
        for _ in range(BATCH):
            try:
                packet = os.read(source, self._read_bytes)
            except BlockingIOError:
                return
            leaving = feed(direction, packet, now_ns())
            if leaving:
                write(leaving)

    def release(self) -> None:
        """Hand on what has come due."""
        self._write(self.engine.take(now_ns()))

    def arm(self, fault_id: str, fault: PacketFault, dice: str) -> None:
        """Arm a fault."""
        self.engine.arm(fault_id, fault, dice=dice, now_ns=now_ns())

    def heal(self, fault_id: str) -> None:
        """Heal a fault, and hand on what it held."""
        self.engine.heal(fault_id, now_ns())
        self.release()

    def ledger(self) -> JsonObject:
        """Return what crossed."""
        return ledger_to_json(self.engine.ledger())

    def hits(self, since: int, limit: int) -> list[Json]:
        """Return what faults did, from one hit on."""
        return hits_to_json(self.engine.hits(since)[:limit])

    def tap(self, side: Side) -> socket.socket:
        """Return a socket that the kernel of one end hands a copy of every packet to, with the time; nobody here ever reads it."""
        with self._network(side).visited(self._far):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, socket.htons(_ETH_P_ALL))
        tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        try:
            tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, TAP_BYTES)
        except PermissionError:  # Only who is root outside any user namespace may go beyond net.core.rmem_max.
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TAP_BYTES)
        tap.bind((self._names[side], _ETH_P_ALL))
        return tap

    def socket(self, side: Side, family: int, kind: int) -> socket.socket:
        """Return a new socket that lives at one end."""
        with self._network(side).visited(self._far):
            return socket.socket(family, kind | socket.SOCK_CLOEXEC)

    def close(self) -> None:
        """Take both devices away, and let go of the near network."""
        for device in self.devices.values():
            os.close(device)
        self.near.close()

    def _network(self, side: Side) -> Network:
        return self.near if side == "near" else self._far

    def _write(self, leaving: Sequence[tuple[Direction, bytes]]) -> None:
        devices = self.devices
        for direction, packet in leaving:
            try:
                os.write(devices[_TOWARDS[direction]], packet)
            except OSError:  # A full queue, a device that is down, or what no kernel would take for a packet: lost, as on any wire.
                self.overflowed += 1
