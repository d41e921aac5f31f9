"""Devices as a link needs them, where the kernel has what they need, and where it has not."""

from __future__ import annotations

import os
import socket
import sys
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.devices import configure, do_without_offloads, dropped_before, open_tun, open_veth
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from layers.packet.driver.own_network import own_network

ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, TP_STATUS_CSUMNOTREADY = 3, 263, 8, 8
BULK_BYTES = 50_000
IPV4, IPV6 = IPv4Interface("198.18.9.1/30"), IPv6Interface("fd63::1/126")


def test_a_tun_device_goes_with_its_descriptor() -> None:
    with own_network():
        descriptor = open_tun("near")
        assert configure("near", IPV4, IPV6, mtu=1500)
        assert "near" in {name for _, name in socket.if_nameindex()}
        os.close(descriptor)
        assert "near" not in {name for _, name in socket.if_nameindex()}


def test_without_ipv6_the_link_has_ipv4_alone_and_says_so() -> None:
    switch = Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")
    with own_network():
        if not os.access(switch, os.W_OK):
            pytest.skip(f"{switch} cannot be written here, so IPv6 cannot be taken away for the test")
        switch.write_text("1")
        descriptor = open_tun("near")
        assert not configure("near", IPV4, IPV6, mtu=1500)
        with socket.socket() as sock:
            sock.bind((str(IPV4.ip), 0))
        os.close(descriptor)


def test_a_device_name_that_is_taken_is_refused_in_words() -> None:
    with own_network():
        descriptor = open_tun("near")
        with pytest.raises(CapabilityError, match=r"no TUN device here \(.*nothing was opened"):
            open_tun("near")
        os.close(descriptor)


def test_what_a_full_device_drops_is_counted() -> None:
    """Nobody reads the device, so all but what its queue takes is lost."""
    with own_network():
        descriptor = open_tun("near")
        configure("near", IPV4, IPV6, mtu=1500)
        before = dropped_before("near")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(10_400):
                sock.sendto(b"x", ("198.18.9.2", 9))
        assert 400 <= dropped_before("near") - before < 500
        os.close(descriptor)


def test_a_veth_pair_sends_packets_as_a_wire_has_them() -> None:
    """Without being told, the sender's kernel leaves the checksum and the cutting into segments to a device that does neither."""
    with own_network():
        here = Network()
        far = Network.make(here)
        with far.visited(here):
            listener = socket.socket()
        with listener:
            open_veth("left", peer="right", peer_network=far.descriptor)
            configure("left", IPV4, IPV6, mtu=1500)
            with far.visited(here):
                configure("right", IPv4Interface("198.18.9.2/30"), IPv6Interface("fd63::2/126"), mtu=1500)
            listener.bind(("198.18.9.2", 0))
            listener.listen()
            assert not sent_as_on_a_wire(listener)
            do_without_offloads("left")
            assert sent_as_on_a_wire(listener)
        for network in (far, here):
            network.close()


def sent_as_on_a_wire(listener: socket.socket) -> bool:
    """Tell whether all packets of some bulk leave whole, with their checksums, by what the kernel tells who captures (packet(7))."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)) as tap:
        tap.bind(("left", ETH_P_ALL))
        tap.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with socket.create_connection(listener.getsockname(), timeout=5) as client:
            server, _ = listener.accept()
            with server:
                server.settimeout(5)
                client.sendall(bytes(BULK_BYTES))
                left = BULK_BYTES
                while left:
                    left -= len(server.recv(left))
        tap.settimeout(0)
        sent = []
        while True:
            try:
                packet, ancillary, _, address = tap.recvmsg(2**17, 64)
            except BlockingIOError:
                break
            if address[2] == socket.PACKET_OUTGOING and packet[0] >> 4 == 4:
                ((_, _, auxdata),) = ancillary
                sent.append((len(packet), int.from_bytes(auxdata[:4], sys.byteorder) & TP_STATUS_CSUMNOTREADY))
        assert sent
        return all(length <= 1500 and not waits for length, waits in sent)
