"""A discipline stands at a device's root, drops and counts; and one that the kernel has not is missed in words."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address, IPv4Interface

import pytest

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.netlink import add_address, add_neighbour, add_veth, set_up
from fraiseql_chaos.layers.packet.driver.qdisc import Counts, counts_of, set_netem, set_qdisc
from fraiseql_chaos.layers.packet.netem import Netem
from fraiseql_chaos.layers.packet.netem_options import netem_options
from layers.packet.driver.own_network import own_network

SENT = 7


def test_what_a_discipline_drops_is_counted() -> None:
    with own_network():
        here = Network()
        far = Network.make(here)
        add_veth("left", peer="right", peer_network=far.descriptor)
        with far.visited(here):
            set_up("right")  # First: a device whose other end is down hands nothing to its discipline.
        set_up("left")
        add_address("left", IPv4Interface("198.18.9.1/30"))
        add_neighbour("left", IPv4Address("198.18.9.2"), b"\2\0\0\0\0\2")
        assert counts_of("left") == Counts()
        set_qdisc("left", "pfifo", struct.pack("=I", 100))
        assert counts_of("left") == Counts()
        set_qdisc("left", "blackhole", b"")
        before = counts_of("left").dropped
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(SENT):
                sock.sendto(b"x", ("198.18.9.2", 9))
        assert counts_of("left").dropped - before == SENT
        for network in (far, here):
            network.close()


def test_a_discipline_that_the_kernel_has_not_is_missed() -> None:
    with own_network(), pytest.raises(FileNotFoundError, match="to have lo send through nonesuch"):
        set_qdisc("lo", "nonesuch", b"")


def test_netem_is_there_or_missed_with_the_way_to_get_it() -> None:
    with own_network():
        if (missing := lacking()) is not None:
            assert "no sch_netem" in missing
            assert "modprobe sch_netem (CONFIG_NET_SCH_NETEM)" in missing
            assert counts_of("lo") == Counts(), "and nothing stands there"
        else:
            set_netem("lo", netem_options(Netem(loss=1.0), seed=1))
            before = counts_of("lo").dropped
            set_up("lo")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"x", ("127.0.0.1", 9))
            assert counts_of("lo").dropped - before == 1


def lacking() -> str | None:
    try:
        set_netem("lo", netem_options(Netem(), seed=1))
    except CapabilityError as missing:
        return str(missing)
    return None
