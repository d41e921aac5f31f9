"""A packet is read as its fields were put together, and what cannot be read is refused whole."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.layers.packet.packet import ACK, FIN, ICMP, ICMP6, SYN, TCP, UDP, read_packet
from layers.packet.packets import FAR, FAR6, NEAR, NEAR6, icmp, read, tcp, udp

PORT = st.integers(0, 65535)
NUMBER = st.integers(0, 2**32 - 1)


@given(sport=PORT, dport=PORT, seq=NUMBER, ack=NUMBER, flags=st.integers(0, 255), payload=st.binary(max_size=200), six=st.booleans())
def test_a_segment_is_read_as_it_was_put_together(*, sport: int, dport: int, seq: int, ack: int, flags: int, payload: bytes, six: bool) -> None:
    source, destination = (NEAR6, FAR6) if six else (NEAR, FAR)
    raw = tcp(payload, flags, sport=sport, dport=dport, seq=seq, ack=ack, source=source, destination=destination)
    packet = read(raw)
    assert (packet.protocol, packet.source_port, packet.destination_port, packet.flags) == (TCP, sport, dport, flags)
    assert (packet.sequence, packet.acknowledgement, packet.payload_bytes) == (seq, ack, len(payload))
    assert (packet.is_ipv6, packet.raw[packet.payload : packet.end]) == (six, payload)


def test_datagrams_and_messages_are_read() -> None:
    datagram, message = read(udp(b"hello")), read(icmp(rest=b"ping"))
    assert (datagram.protocol, datagram.source_port, datagram.destination_port, datagram.payload_bytes) == (UDP, 40000, 53, 5)
    assert (message.protocol, message.source_port, message.destination_port, message.payload_bytes) == (ICMP, None, None, 4)
    assert read(icmp(128, source=NEAR6, destination=FAR6)).protocol == ICMP6


def test_a_recorded_packet_is_read() -> None:
    """A SYN as Linux sends it, options and all, written out by hand."""
    raw = bytes.fromhex("4500003c1c4640004006b1e6ac100a63ac100a0cc03900500000000100000000a002faf000000000020405b40402080a000000010000000001030307")
    packet = read(raw)
    assert (packet.header, packet.payload, packet.end, packet.flags) == (20, 60, 60, SYN)
    assert packet.flow_words == "tcp 172.16.10.99:49209 > 172.16.10.12:80"


def test_options_of_ipv4_and_extensions_of_ipv6_are_stepped_over() -> None:
    plain = tcp(b"abc")
    with_option = bytes((0x46,)) + plain[1:2] + struct.pack(">H", len(plain) + 4) + plain[4:20] + b"\x01\x01\x01\x01" + plain[20:]
    assert (read(with_option).header, read(with_option).payload_bytes) == (24, 3)
    plain = tcp(b"abc", source=NEAR6, destination=FAR6)
    hop = struct.pack(">BB6x", 60, 0) + struct.pack(">BB14x", 6, 1)
    extended = plain[:4] + struct.pack(">HB", len(plain) - 40 + 24, 0) + plain[7:40] + hop + plain[40:]
    assert (read(extended).header, read(extended).destination_port, read(extended).payload_bytes) == (64, 5432, 3)


def test_what_the_device_added_behind_the_end_belongs_to_nobody() -> None:
    packet = read(tcp(b"abc") + bytes(7))
    assert packet.payload_bytes == 3


def test_the_two_ways_of_a_connection_are_two_flows_and_named_for_people() -> None:
    there, back = read(tcp()), read(tcp(sport=5432, dport=40000, source="10.111.0.2", destination="10.111.0.1"))
    assert there.flow != back.flow
    assert there.flow == read(tcp(b"more", FIN | ACK, seq=5)).flow
    assert there.flow != read(tcp(sport=40001)).flow
    assert there.flow_words == "tcp 10.111.0.1:40000 > 10.111.0.2:5432"
    assert read(udp(source=NEAR6, destination=FAR6)).flow_words == "udp [fd00::1]:40000 > [fd00::2]:53"
    assert read(icmp()).flow_words == "icmp 10.111.0.1 > 10.111.0.2"


PLAIN, PLAIN6 = tcp(b"abc"), tcp(b"abc", source=NEAR6, destination=FAR6)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x45",
        bytes(20),
        bytes(60),
        b"\xff" * 60,
        PLAIN[:-1],
        PLAIN[:39],
        PLAIN6[:39],
        PLAIN6[:-1],
        b"\x44" + PLAIN[1:],
        PLAIN[:6] + b"\x20" + PLAIN[7:],
        PLAIN[:7] + b"\x01" + PLAIN[8:],
        PLAIN[:9] + b"\x3a" + PLAIN[10:],
        PLAIN[:9] + b"\x2f" + PLAIN[10:],
        PLAIN[:32] + b"\x40" + PLAIN[33:],
        PLAIN[:32] + b"\xf0" + PLAIN[33:],
        PLAIN6[:6] + b"\x2c" + PLAIN6[7:],
        PLAIN6[:6] + b"\x2b" + PLAIN6[7:],
        PLAIN6[:6] + b"\x01" + PLAIN6[7:],
        udp(b"abc")[:24] + b"\x00\x04" + udp(b"abc")[26:],
        icmp()[:2] + b"\x00\x1b" + icmp()[4:],
    ],
    ids=[
        "nothing", "a byte", "zeros", "more zeros", "ones", "truncated", "within its header", "within an IPv6 header", "truncated IPv6", "a short header",
        "a first fragment", "a later fragment", "ICMPv6 over IPv4", "GRE", "a short TCP header", "a TCP header beyond its end", "an IPv6 fragment",
        "source-routed", "ICMP over IPv6", "a UDP length that lies", "a short ICMP message",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_read(raw: bytes) -> None:
    assert read_packet(raw) is None


@given(raw=st.binary(max_size=120))
def test_garbage_does_no_harm(raw: bytes) -> None:
    packet = read_packet(raw)
    assert packet is None or (packet.header <= packet.payload <= packet.end <= len(raw) and packet.flow_words)


@given(
    base=st.sampled_from([PLAIN, PLAIN6, udp(b"abcd"), icmp()]),
    places=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 80),
)
def test_a_mangled_packet_does_no_harm(base: bytes, places: list[tuple[int, int]], cut: int) -> None:
    raw = bytearray(base)
    for place, value in places:
        raw[place % len(raw)] = value
    packet = read_packet(bytes(raw[: len(raw) - cut % len(raw)]))
    assert packet is None or (packet.header < packet.payload <= packet.end and packet.flow_words)
