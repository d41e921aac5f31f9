"""
What a firewall answers to a packet that it refuses: a TCP RST, or an ICMP message that the destination is unreachable.

    near --- SYN ---> [ refused ]          near <--- RST, or ICMP "administratively prohibited" --- [ link ]

The answer claims to come from whom the packet was for, as that host's own firewall would send it: a link has no address of its own.
Where an answer is not allowed, there is none: to a reset, to a message that is an ICMP error itself, to what was sent to many, and to nobody.

Source:
    RFC 9293 section 3.10.7.1 (which numbers a reset carries), RFC 5961 (a receiver believes only the exact next one), RFC 1122 section 3.2.2 and
    RFC 4443 section 2.4 (when to be silent), RFC 1812 section 4.3.2.3 and RFC 4443 section 3.1 (how much of the packet is quoted).
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.packet.checksums import repaired
from fraiseql_chaos.layers.packet.packet import ACK, FIN, ICMP, ICMP6, RST, SYN, TCP, Packet, read_packet

__all__ = ["reset_for", "unreachable_for"]

_TTL: Final = 64
_DONT_FRAGMENT: Final = 0x4000

_IPV4_ERRORS: Final = frozenset({3, 4, 5, 11, 12})
"""ICMP types that report an error: unreachable, quench, redirect, time exceeded, parameter problem."""

_IPV6_ERRORS_BELOW: Final = 128

_IPV4_PROHIBITED: Final = bytes((3, 13))
_IPV6_PROHIBITED: Final = bytes((1, 1))
"""Type and code: destination unreachable, communication administratively prohibited. Not "port unreachable", which says that nobody listens."""

_IPV4_ANSWER_MOST: Final = 576
_IPV6_ANSWER_MOST: Final = 1280


def reset_for(packet: Packet) -> bytes | None:
    """Return the RST that answers a TCP segment as if nobody had ever listened; None if there must be none."""
    if packet.protocol != TCP or packet.flags & RST or not _may_be_answered(packet):
        return None
    if packet.flags & ACK:
        sequence, acknowledgement, flags = packet.acknowledgement, 0, RST
    else:
        length = packet.payload_bytes + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        sequence, acknowledgement, flags = 0, (packet.sequence + length) % 2**32, RST | ACK
    ports = packet.raw[packet.header + 2 : packet.header + 4] + packet.raw[packet.header : packet.header + 2]
    segment = ports + sequence.to_bytes(4) + acknowledgement.to_bytes(4) + bytes((5 << 4, flags)) + bytes(6)
    return _sent_back(packet, TCP, segment)


def unreachable_for(packet: Packet) -> bytes | None:
    """Return the ICMP message that tells the sender that somebody forbids it; None if there must be none."""
    if not _may_be_answered(packet) or _is_icmp_error(packet):
        return None
    if packet.is_ipv6:
        return _sent_back(packet, ICMP6, _IPV6_PROHIBITED + bytes(6) + packet.raw[: _IPV6_ANSWER_MOST - 48])
    return _sent_back(packet, ICMP, _IPV4_PROHIBITED + bytes(6) + packet.raw[: _IPV4_ANSWER_MOST - 28])


def _may_be_answered(packet: Packet) -> bool:
    half = len(packet.addresses) // 2
    source, destination = packet.addresses[:half], packet.addresses[half:]
    is_to_many = destination[0] == 0xFF if packet.is_ipv6 else destination[0] >= 224
    return any(source) and not is_to_many


def _is_icmp_error(packet: Packet) -> bool:
    if packet.protocol == ICMP:
        return packet.raw[packet.header] in _IPV4_ERRORS
    return packet.protocol == ICMP6 and packet.raw[packet.header] < _IPV6_ERRORS_BELOW


def _sent_back(packet: Packet, protocol: int, message: bytes) -> bytes:
    """Return a packet to the sender, its checksums right."""
    half = len(packet.addresses) // 2
    addresses = packet.addresses[half:] + packet.addresses[:half]
    if packet.is_ipv6:
        header = bytes((6 << 4, 0, 0, 0)) + len(message).to_bytes(2) + bytes((protocol, _TTL))
    else:
        length = (20 + len(message)).to_bytes(2)
        header = bytes((0x45, 0)) + length + bytes(2) + _DONT_FRAGMENT.to_bytes(2) + bytes((_TTL, protocol, 0, 0))
    made = read_packet(header + addresses + message)
    assert made is not None
    return repaired(made)
