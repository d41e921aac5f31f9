"""Checksums agree with a sum made word by word, and with published packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.layers.packet.checksums import checksum, has_checksum, header_is_whole, is_whole, repaired, transport_is_whole
from layers.packet.packets import icmp, icmp6, is_right, ones_complement_sum, read, tcp, tcp6, udp, udp6

WHOLE = [tcp(b"abc"), tcp(b"abcd"), tcp6(b"abc"), udp(b"abc"), udp6(b"abc"), icmp(rest=b"abc"), icmp6(128, rest=b"abc")]


def test_the_example_of_the_rfc() -> None:
    """RFC 1071, section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2."""
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


def test_a_published_header() -> None:
    """The header with the checksum b861 that is in every textbook's article."""
    assert checksum(bytes.fromhex("450000730000400040110000c0a80001c0a800c7")) == 0xB861


@given(data=st.binary(max_size=300))
def test_one_division_is_the_sum_of_all_words(data: bytes) -> None:
    assert checksum(data) == 0xFFFF - ones_complement_sum(data)


@pytest.mark.parametrize("raw", WHOLE)
def test_what_is_right_is_found_whole_and_repaired_into_itself(raw: bytes) -> None:
    assert is_right(raw)
    assert is_whole(read(raw))
    assert repaired(read(raw)) == raw


@given(raw=st.sampled_from(WHOLE), bit=st.integers(0, 10**6))
def test_a_flipped_bit_of_the_transport_is_found_and_repaired(raw: bytes, bit: int) -> None:
    packet = read(raw)
    place = packet.header + bit // 8 % (packet.end - packet.header)
    bent = packet._replace(raw=raw[:place] + bytes((raw[place] ^ 1 << bit % 8,)) + raw[place + 1 :])
    assert header_is_whole(bent)
    if has_checksum(bent):
        assert not transport_is_whole(bent)
        assert is_right(repaired(bent))


def test_a_bent_ipv4_header_is_found_and_repaired() -> None:
    raw = tcp(b"abc")
    bent = read(raw[:8] + b"\x3f" + raw[9:])  # One hop less to live.
    assert (header_is_whole(bent), transport_is_whole(bent), is_whole(bent)) == (False, True, False)
    assert is_right(repaired(bent))


def test_a_datagram_may_do_without_a_checksum_over_ipv4_alone() -> None:
    raw = udp(b"abc")
    bare = read(raw[:26] + b"\0\0" + raw[28:])
    assert (has_checksum(bare), is_whole(bare), repaired(bare)) == (False, True, bare.raw)
    raw = udp6(b"abc")
    bare = read(raw[:46] + b"\0\0" + raw[48:])
    assert (has_checksum(bare), is_whole(bare), repaired(bare)) == (True, False, raw)


def test_a_datagram_that_sums_to_nothing_says_so_with_ones() -> None:
    """RFC 768: a checksum that comes out as 0 is sent as ffff. Method: the last two bytes are what the sum lacks."""
    bare = udp(b"\0\0")
    lacking = bare[26:28]
    raw = bare[:-2] + lacking
    assert repaired(read(raw))[26:28] == b"\xff\xff"
    assert is_whole(read(repaired(read(raw))))


def test_nothing_but_zeros_has_a_checksum_of_ones() -> None:
    assert checksum(bytes(8)) == 0xFFFF
    assert checksum(b"\xff\xff") == 0
