"""What is asked of the kernel is what ``ioctl``, sockets and ``/proc`` find afterwards, and what it refuses is told in words."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.netlink import add_address, add_veth, remove_device, set_up
from layers.packet.driver.own_network import own_network

SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFTXQLEN = 0x8913, 0x8921, 0x8942


def asked(request: int, name: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        answer = fcntl.ioctl(asking, request, struct.pack("16s24x", name.encode()))
    (value,) = struct.unpack_from("H" if request == SIOCGIFFLAGS else "i", answer, 16)
    return int(value)


def devices() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def test_a_pair_has_an_end_in_each_network_and_both_go_together() -> None:
    with own_network() as home:
        here = Network()
        far = Network.make(here)
        with far.visited(here):
            there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with there:
            add_veth("left", peer="right", peer_network=far.descriptor)
            assert "left" in devices()
            assert "right" not in devices()
            with far.visited(here):
                assert "right" in devices()
                remove_device("right")
            assert "left" not in devices()
        for network in (far, here):
            network.close()
        assert home.path.exists()


def test_sizes_and_addresses_are_what_was_asked_for() -> None:
    with own_network():
        add_veth("left", peer="right", peer_network=Network().descriptor)
        set_up("left", mtu=1400, queue_packets=77)
        set_up("right")
        assert (asked(SIOCGIFMTU, "left"), asked(SIOCGIFTXQLEN, "left"), asked(SIOCGIFFLAGS, "left") & 1) == (1400, 77, 1)
        assert asked(SIOCGIFMTU, "right") == 1500
        add_address("left", IPv4Interface("198.18.9.1/30"))
        add_address("left", IPv6Interface("fd63::1/126"))
        for family, address in ((socket.AF_INET, "198.18.9.1"), (socket.AF_INET6, "fd63::1")):
            with socket.socket(family) as sock:
                sock.bind((address, 0))  # At once: an address that is still being checked for duplicates cannot be bound to.


def test_what_the_kernel_refuses_is_told_with_what_it_was_asked() -> None:
    with own_network():
        set_up("lo")
        with pytest.raises(OSError, match=r"to give lo the address 127\.0\.0\.1/8") as refused:
            add_address("lo", IPv4Interface("127.0.0.1/8"))
        assert refused.value.errno == errno.EEXIST
        with pytest.raises(OSError, match="to set up lo"):
            set_up("lo", mtu=-1 % 2**32)
        assert Path("/proc/self/ns/net").exists()
