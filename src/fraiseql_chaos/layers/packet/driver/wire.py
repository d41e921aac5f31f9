"""
What lies between two networks if no process of ours does: two veth pairs and a bridge, in a third network.

    near network                     the wire's network                      far network
    near ====veth==== [ near  --- bridge, as a switch ---  far0 ] ====veth==== far0
                        <-- netem, what goes down    netem, what goes up -->

Faults act in the middle, and not where packets are sent: a capture shows what leaves a device after its queueing discipline, so what is lost in one that stands
there nobody would see leave; and a kernel that is told of a full queue of its own does other things than one whose packets a network lost. Each kernel knows from
the beginning where the other is, and need not ask: a lost question would be taken for a host that is not there.

The wire's network is held by this process alone. When it ends, however it ends, the devices in it go, and with them their peers at both ends.
"""

from __future__ import annotations

import errno
import time
from contextlib import suppress
from typing import Final

from fraiseql_chaos.core import now_ns, seconds
from fraiseql_chaos.errors import CapabilityError, RigError
from fraiseql_chaos.layers.packet.driver.devices import carried, do_without_offloads, dropped_before, hardware_address, open_veth
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.netlink import (
    add_bridge,
    add_neighbour,
    enslave,
    is_forwarding,
    is_running,
    remove_device,
    set_up,
    without_ipv6_of_its_own,
)
from fraiseql_chaos.layers.packet.driver.qdisc import Counts, counts_of, set_netem
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.ends import SIDES, Side
from fraiseql_chaos.layers.packet.model import DIRECTIONS, Direction
from fraiseql_chaos.layers.packet.netem import FRAME_HEADER_BYTES

__all__ = ["Wire"]

_BRIDGE: Final = "wire"
_ENTERS: Final[dict[Direction, Side]] = {"up": "near", "down": "far"}
_LEAVES: Final[dict[Direction, Side]] = {"up": "far", "down": "near"}

CARRIES_WITHIN: Final = seconds(2)
"""How long the kernel may take to see that devices are up: the kernel looks after such things within a second, and here within a millisecond."""

LOOK_EVERY_S: Final = 0.001


class Wire:
    """
    Joins the near and the far network, which it fills with devices.

    Args:
        sides: The two.
        far: The network in which this process lives.
        mtu: The largest packet, in bytes.

    Raises:
        CapabilityError: If the kernel has no veth pairs or no bridges.
        OSError: If it refuses otherwise.
    """

    def __init__(self, sides: Sides, far: Network, *, mtu: int) -> None:
        self._far = far
        self._sides = sides
        self._network = Network.make(far)
        try:
            self._join(mtu)
        except BaseException:
            self.close()
            raise

    def impair(self, direction: Direction, options: bytes) -> None:
        """
        Have the packets of one direction pass through ``netem``, or change what it does; see ``set_netem``.

        Raises:
            CapabilityError: If the kernel has no netem.
        """
        with self._network.visited(self._far):
            set_netem(self._sides.names[_LEAVES[direction]], options)

    def entered(self, direction: Direction) -> tuple[int, int]:
        """Return what came in at one end: packets, and their bytes."""
        with self._network.visited(self._far):
            packets, frame_bytes, _ = carried(self._sides.names[_ENTERS[direction]])
        return packets, frame_bytes - packets * FRAME_HEADER_BYTES

    def left(self, direction: Direction) -> int:
        """Return how many packets were handed to the other end."""
        with self._network.visited(self._far):
            return carried(self._sides.names[_LEAVES[direction]])[2]

    def refused(self, direction: Direction) -> int:
        """Return how many packets the other end did not take."""
        with self._network.visited(self._far):
            return dropped_before(self._sides.names[_LEAVES[direction]])

    def counts(self, direction: Direction) -> Counts:
        """Return what ``netem`` holds of one direction, and what it has dropped."""
        with self._network.visited(self._far):
            return counts_of(self._sides.names[_LEAVES[direction]])

    def close(self) -> None:
        """Take the devices away, at once, and let go of the network."""
        for side in SIDES:
            with suppress(OSError), self._sides.visited(side):  # It may be gone already, or never have come into being.
                remove_device(self._sides.names[side])
        self._network.close()

    def _join(self, mtu: int) -> None:
        for side in SIDES:
            with self._sides.visited(side):
                open_veth(self._sides.names[side], peer=self._sides.names[side], peer_network=self._network.descriptor)
                do_without_offloads(self._sides.names[side])
        self._sides.configure(mtu)
        self._introduce()
        with self._network.visited(self._far):
            self._switch(mtu)
        deadline_ns = now_ns() + CARRIES_WITHIN.ns
        while not self._carries():
            if now_ns() >= deadline_ns:
                raise RigError(f"the wire between two networks carries nothing after {CARRIES_WITHIN}; nothing was opened")
            time.sleep(LOOK_EVERY_S)

    def _carries(self) -> bool:
        """Tell whether both ends send and the bridge hands on what they do."""
        with self._network.visited(self._far):
            if not all(is_forwarding(name) for name in self._sides.names.values()):
                return False
        for side in SIDES:
            with self._sides.visited(side):
                if not is_running(self._sides.names[side]):
                    return False
        return True

    def _introduce(self) -> None:
        """Tell each kernel where the other is."""
        hardware = {}
        for side in SIDES:
            with self._sides.visited(side):
                hardware[side] = hardware_address(self._sides.names[side])
        for way in DIRECTIONS:
            side, other = _ENTERS[way], _LEAVES[way]
            with self._sides.visited(side):
                for address in self._sides.addresses(other):
                    add_neighbour(self._sides.names[side], address, hardware[other])

    def _switch(self, mtu: int) -> None:
        ports = [self._sides.names[side] for side in SIDES]
        try:
            add_bridge(_BRIDGE)
        except OSError as error:
            raise CapabilityError(f"this kernel makes no bridge ({error.strerror}); modprobe bridge (CONFIG_BRIDGE); nothing was opened") from None
        for name in (_BRIDGE, *ports):
            _keep_silent(name)
        set_up(_BRIDGE)
        for name in ports:
            enslave(name, bridge=_BRIDGE)
            set_up(name, mtu=mtu)


def _keep_silent(name: str) -> None:
    try:
        without_ipv6_of_its_own(name)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:  # Without IPv6 nothing would be said in it.
            raise
