"""Answers are what the RFCs say, byte for byte, and are not given where they must not be."""

from __future__ import annotations

import struct

import pytest

from fraiseql_chaos.layers.packet.answers import reset_for, unreachable_for
from fraiseql_chaos.layers.packet.packet import ACK, FIN, RST, SYN
from layers.packet.packets import FAR, FAR6, NEAR6, icmp, icmp6, is_right, read, tcp, tcp6, udp


def test_a_syn_is_answered_by_a_reset_that_acknowledges_it() -> None:
    """RFC 9293, 3.10.7.1: no ACK there, so sequence 0, acknowledgement SEG.SEQ + SEG.LEN. Every byte but the checksums is written out."""
    answer = reset_for(read(tcp(flags=SYN, sport=0xABCD, dport=0x1538, seq=0x01020304, ack=0)))
    assert answer is not None
    assert answer[:10].hex() == "45000028000040004006"
    assert answer[12:36].hex() == "0a6f00020a6f00011538abcd000000000102030550140000"
    assert answer[38:].hex() == "0000"
    assert is_right(answer)


def test_data_is_answered_by_a_reset_at_the_number_the_sender_expects_next() -> None:
    """There is an ACK, so its number is the answer's sequence, and the reset acknowledges nothing."""
    answer = reset_for(read(tcp(b"select", ACK, seq=5, ack=0xDEADBEEF)))
    assert answer is not None
    assert answer[24:34].hex() == "deadbeef000000005004"
    assert is_right(answer)


def test_what_is_acknowledged_counts_bytes_a_fin_and_wraps() -> None:
    answer = reset_for(read(tcp(b"abc", SYN | FIN, seq=2**32 - 2, ack=0)))
    assert answer is not None
    assert struct.unpack(">I", answer[28:32]) == (3,)


def test_a_reset_over_ipv6() -> None:
    answer = reset_for(read(tcp6(flags=SYN)))
    assert answer is not None
    assert answer[:8].hex() == "6000000000140640"
    assert (answer[8:24], answer[24:40]) == (bytes.fromhex("fd" + "00" * 14 + "02"), bytes.fromhex("fd" + "00" * 14 + "01"))
    assert answer[53] == RST | ACK
    assert is_right(answer)


def test_an_unreachable_quotes_the_packet() -> None:
    """RFC 792: type 3; RFC 1812: code 13, administratively prohibited; 576 bytes at most."""
    raw = tcp(b"x" * 1000)
    answer = unreachable_for(read(raw))
    assert answer is not None
    assert (answer[9], answer[12:16], answer[16:20]) == (1, raw[16:20], raw[12:16])
    assert (answer[20:22].hex(), answer[24:28], answer[28:], len(answer)) == ("030d", bytes(4), raw[:548], 576)
    assert is_right(answer)


def test_an_unreachable_over_ipv6() -> None:
    """RFC 4443: type 1, code 1; 1280 bytes at most."""
    raw = tcp6(b"x" * 1400)
    answer = unreachable_for(read(raw))
    assert answer is not None
    assert (answer[6], answer[40:42].hex(), answer[48:], len(answer)) == (58, "0101", raw[:1232], 1280)
    assert is_right(answer)


def test_a_short_packet_is_quoted_whole() -> None:
    answer = unreachable_for(read(udp(b"hello")))
    assert answer is not None
    assert answer[28:] == udp(b"hello")


@pytest.mark.parametrize(
    "raw",
    [tcp(flags=RST), tcp(flags=RST | ACK), udp(), icmp(), tcp(flags=SYN, destination="224.0.0.1"), tcp(flags=SYN, source="0.0.0.0")],  # noqa: S104  nobody listens
    ids=["a reset", "a reset with an ACK", "a datagram", "a message", "to many", "from nobody"],
)
def test_no_reset_where_there_must_be_none(raw: bytes) -> None:
    assert reset_for(read(raw)) is None


@pytest.mark.parametrize(
    "raw",
    [
        icmp(3),
        icmp(11),
        icmp6(1),
        udp(destination="255.255.255.255"),
        udp(source=NEAR6, destination="ff02::1"),
        udp(source="::", destination=FAR6),
    ],
    ids=["unreachable", "time exceeded", "an error of ICMPv6", "to all", "to many over IPv6", "from nobody"],
)
def test_no_unreachable_where_there_must_be_none(raw: bytes) -> None:
    assert unreachable_for(read(raw)) is None


def test_a_ping_is_answered_as_it_is_no_error() -> None:
    assert unreachable_for(read(icmp(8))) is not None
    assert unreachable_for(read(icmp6(128))) is not None
    assert unreachable_for(read(udp(destination=FAR))) is not None
