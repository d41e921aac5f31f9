"""
The two sides of a link as the forwarder holds them: the near network, the names of the devices, and what may be opened there.

How packets get from one device to the other is the business of who fills the two networks with devices: ``Link`` (TUN and this process), or ``Wire`` (veth pairs
and the kernel alone).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.layers.packet.driver.devices import configure, dropped_before
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.ends import SIDES, Side, addresses_of

__all__ = ["TAP_BYTES", "Sides"]

_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_ETH_P_ALL: Final = 3
_NETLINK_SOCK_DIAG: Final = 4

TAP_BYTES: Final = 32 * 2**20
"""What a capture may fall behind before its kernel drops, and counts what it dropped."""


class Sides:
    """
    A near network of its own, and the far one.

    Args:
        ordinal: Which link of this process it is, from 0: decides its addresses.
        far: The network at its far end, in which this process lives.

    Attributes:
        names: What the device of each side is called.
        networks: Where it is.
    """

    def __init__(self, ordinal: int, far: Network) -> None:
        self._ordinal = ordinal
        self._far = far
        self._has_ipv6 = dict.fromkeys(SIDES, False)
        self.names: dict[Side, str] = {"near": "near", "far": f"far{ordinal}"}
        self.networks: dict[Side, Network] = {"near": Network.make(far), "far": far}

    @contextmanager
    def visited(self, side: Side) -> Iterator[None]:
        """Be in the network of one side for a block: what is opened there stays there."""
        with self.networks[side].visited(self._far):
            yield

    def configure(self, mtu: int) -> None:
        """Bring both devices up, with their addresses."""
        for side in SIDES:
            with self.visited(side):
                self._has_ipv6[side] = configure(self.names[side], *self._addresses(side), mtu=mtu)

    def addresses(self, side: Side) -> tuple[IPv4Address | IPv6Address, ...]:
        """Return the addresses that the device of one side has."""
        ipv4, ipv6 = self._addresses(side)
        return (ipv4.ip, ipv6.ip) if self._has_ipv6[side] else (ipv4.ip,)

    def describe(self) -> JsonObject:
        """Return addresses, devices and networks."""
        return {side: self._describe(side) for side in SIDES}

    def dropped_before(self, side: Side) -> int:
        """Return how many packets the device of one side had no room for, by its kernel's count."""
        with self.visited(side):
            return dropped_before(self.names[side])

    def tap(self, side: Side) -> socket.socket:
        """Return a socket that the kernel of one end hands a copy of every packet to, with the time; nobody here ever reads it."""
        with self.visited(side):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, socket.htons(_ETH_P_ALL))
        tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        try:
            tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, TAP_BYTES)
        except PermissionError:  # Only who is root outside any user namespace may go beyond net.core.rmem_max.
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TAP_BYTES)
        tap.bind((self.names[side], _ETH_P_ALL))
        return tap

    def socket(self, side: Side, family: int, kind: int) -> socket.socket:
        """Return a new socket that lives at one end; one of ``AF_NETLINK`` asks the kernel there about its sockets (sock_diag)."""
        protocol = _NETLINK_SOCK_DIAG if family == socket.AF_NETLINK else 0
        with self.visited(side):
            return socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)

    def close(self) -> None:
        """Let go of the near network; it ends when nobody else lives in it."""
        self.networks["near"].close()

    def _describe(self, side: Side) -> JsonObject:
        ipv4, ipv6 = self._addresses(side)
        return {
            "ipv4": str(ipv4.ip),
            "ipv6": str(ipv6.ip) if self._has_ipv6[side] else None,
            "device": self.names[side],
            "namespace": str(self.networks[side].path),
        }

    def _addresses(self, side: Side) -> tuple[IPv4Interface, IPv6Interface]:
        near4, far4, near6, far6 = addresses_of(self._ordinal)
        return (near4, near6) if side == "near" else (far4, far6)
