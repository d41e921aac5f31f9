"""
The Internet checksum: whether a packet's are right, and making them so.

The ones' complement sum of 16-bit words is arithmetic modulo 65535, because 65536 leaves 1. So the sum of a whole packet is one division of one long
number, which costs a few microseconds for 1500 bytes and needs no loop. What the modulus cannot tell apart is 0 and 65535; only bytes that are all 0 sum
to 0 in ones' complement, and no pseudo-header is.

Source:
    RFC 1071 (computing it), RFC 9293 section 3.1 and RFC 8200 section 8.1 (the pseudo-headers), RFC 768 (a UDP checksum of 0 says that there is none).
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.packet.packet import ICMP, ICMP6, TCP, UDP, Packet

__all__ = ["checksum", "checksum_place", "has_checksum", "header_is_whole", "is_whole", "repaired", "transport_is_whole"]

_PLACES: Final = {ICMP: 2, ICMP6: 2, TCP: 16, UDP: 6}
"""How far behind its header's beginning a protocol keeps its checksum."""

_IPV4_PLACE: Final = 10


def checksum(data: bytes | bytearray, pseudo: int = 0) -> int:
    """
    Return the checksum of some bytes whose own checksum field is 0.

    Args:
        data: The bytes; of an odd number the last is followed by a 0.
        pseudo: The sum of the words that are summed beside them.
    """
    total = int.from_bytes(data) << (8 if len(data) % 2 else 0)
    total += pseudo
    return 0xFFFF - (total % 0xFFFF or (0xFFFF if total else 0))


def checksum_place(packet: Packet) -> int:
    """Return where in a packet its transport checksum stands."""
    return packet.header + _PLACES[packet.protocol]


def has_checksum(packet: Packet) -> bool:
    """Tell whether its transport is protected at all: UDP over IPv4 may do without."""
    place = checksum_place(packet)
    return packet.protocol != UDP or packet.is_ipv6 or packet.raw[place : place + 2] != b"\0\0"


def header_is_whole(packet: Packet) -> bool:
    """Tell whether the checksum of an IPv4 header is right; an IPv6 header has none."""
    return packet.is_ipv6 or checksum(packet.raw[: (packet.raw[0] & 0x0F) << 2]) == 0


def transport_is_whole(packet: Packet) -> bool:
    """Tell whether the transport's checksum is right, as far as there is one."""
    return not has_checksum(packet) or checksum(packet.raw[packet.header : packet.end], _pseudo(packet)) == 0


def is_whole(packet: Packet) -> bool:
    """Tell whether every checksum of a packet is right, so that no kernel on its way could see that anything was done to it."""
    return header_is_whole(packet) and transport_is_whole(packet)


def repaired(packet: Packet) -> bytes:
    """Return a packet with all of its checksums made right; what goes without one still does."""
    raw = bytearray(packet.raw)
    if has_checksum(packet):
        place = checksum_place(packet)
        raw[place : place + 2] = b"\0\0"
        summed = checksum(raw[packet.header : packet.end], _pseudo(packet))
        if packet.protocol == UDP:
            summed = summed or 0xFFFF  # 0 would say that there is none.
        raw[place : place + 2] = summed.to_bytes(2)
    if not packet.is_ipv6:
        raw[_IPV4_PLACE : _IPV4_PLACE + 2] = b"\0\0"
        raw[_IPV4_PLACE : _IPV4_PLACE + 2] = checksum(raw[: (raw[0] & 0x0F) << 2]).to_bytes(2)
    return bytes(raw)


def _pseudo(packet: Packet) -> int:
    """Return the sum of a packet's pseudo-header; ICMP over IPv4 has none."""
    if packet.protocol == ICMP:
        return 0
    return int.from_bytes(packet.addresses) + packet.protocol + packet.end - packet.header
