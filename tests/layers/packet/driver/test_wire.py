"""
A wire between two networks: what is lost on it was seen to leave, and nobody is told.

Method: the kernel's own ``blackhole`` stands where ``netem`` would, because every kernel has it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.qdisc import set_qdisc
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.driver.wire import Wire
from layers.packet.driver.own_network import own_network

ETH_P_ARP = 0x0806
TRIES_S = 1.5
"""Long enough for a SYN and its repetition after a second."""


@dataclass(frozen=True)
class Laid:
    """A wire, its two sides, and the network that this process is in."""

    wire: Wire
    sides: Sides
    here: Network


@contextmanager
def laid() -> Iterator[Laid]:
    with own_network():
        here = Network()
        sides = Sides(0, here)
        try:
            wire = Wire(sides, here, mtu=1500)
        except CapabilityError as missing:
            pytest.skip(str(missing))
        yield Laid(wire, sides, here)
        if "far0" in {name for _, name in socket.if_nameindex()}:
            wire.close()
        sides.close()
        here.close()


def taken(tap: socket.socket) -> list[tuple[bytes, int, int]]:
    """Return what a capture has: each packet, its protocol, and whether it left or came."""
    tap.setblocking(False)  # noqa: FBT003  the standard library takes no name here
    found: list[tuple[bytes, int, int]] = []
    while True:
        try:
            packet, address = tap.recvfrom(2**16)
        except BlockingIOError:
            return found
        found.append((packet, address[1], address[2]))


def ipv4(found: list[tuple[bytes, int, int]], *, outgoing: bool) -> list[bytes]:
    return [packet for packet, _, kind in found if (kind == socket.PACKET_OUTGOING) is outgoing and packet[0] >> 4 == 4]


def test_what_leaves_one_end_arrives_at_the_other_and_nothing_else_does() -> None:
    with laid() as wire:
        near, far = wire.sides.tap("near"), wire.sides.tap("far")
        with near, far, socket.socket() as listener, wire.sides.socket("near", socket.AF_INET, socket.SOCK_STREAM) as client:
            listener.bind(("198.18.0.2", 0))
            listener.listen()
            client.settimeout(5)
            client.connect(listener.getsockname())
            server, _ = listener.accept()
            with server:
                server.settimeout(5)
                client.sendall(b"x" * 3000)
                got = 0
                while got < 3000:
                    got += len(server.recv(2**16))
                at_near, at_far = taken(near), taken(far)
        left, came = ipv4(at_near, outgoing=True), ipv4(at_far, outgoing=False)
        assert left
        assert left == came
        assert ipv4(at_far, outgoing=True)[:1] == ipv4(at_near, outgoing=False)[:1]
        assert ETH_P_ARP not in {protocol for _, protocol, _ in (*at_near, *at_far)}, "nobody asks who has an address"
        packets, size = wire.wire.entered("up")
        assert (packets, size) >= (len(left), sum(map(len, left)))


def test_what_is_lost_on_the_wire_was_seen_to_leave_and_nobody_is_told() -> None:
    """A sender whose own queue drops would show nothing; one that has to ask where the other is would say that there is none."""
    with laid() as wire:
        with wire.wire._network.visited(wire.here):
            set_qdisc(wire.sides.names["far"], "blackhole", b"")
        near, far = wire.sides.tap("near"), wire.sides.tap("far")
        with near, far, wire.sides.socket("near", socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(TRIES_S)
            with pytest.raises(TimeoutError):
                client.connect(("198.18.0.2", 9))
            left, came = ipv4(taken(near), outgoing=True), ipv4(taken(far), outgoing=False)
        assert len(left) >= 2
        assert came == []
        assert wire.wire.counts("up").dropped >= len(left)
        assert wire.wire.counts("down").dropped == 0


def test_what_is_lost_in_a_senders_own_queue_is_not_seen_to_leave() -> None:
    """Why faults act on the wire and not where packets are sent: this would be a fault without a witness."""
    with laid() as wire:
        with wire.sides.visited("near"):
            set_qdisc("near", "blackhole", b"")
        with wire.sides.tap("near") as near, wire.sides.socket("near", socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("198.18.0.2", 9))
            assert ipv4(taken(near), outgoing=True) == []


def test_packets_of_the_size_that_was_asked_for_pass_whole() -> None:
    with laid() as wire, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("198.18.0.2", 0))
        receiver.settimeout(5)
        with wire.sides.socket("near", socket.AF_INET, socket.SOCK_DGRAM) as sender, wire.sides.tap("far") as far:
            sender.sendto(b"y" * 1472, receiver.getsockname())
            assert len(receiver.recv(2000)) == 1472
            (packet,) = ipv4(taken(far), outgoing=False)
            (fragment,) = struct.unpack_from(">H", packet, 6)
            assert (len(packet), fragment & 0x3FFF) == (1500, 0)


def test_a_wire_that_is_closed_takes_all_devices_with_it() -> None:
    with laid() as wire:
        assert "far0" in {name for _, name in socket.if_nameindex()}
        wire.wire.close()
        assert {name for _, name in socket.if_nameindex()} == {"lo"}
        with wire.sides.visited("near"):
            assert {name for _, name in socket.if_nameindex()} == {"lo"}
