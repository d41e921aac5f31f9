"""Packets as tests send them, put together field by field, with a checksum that is summed as RFC 1071 describes it and not as we do."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address

from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.model import Direction, PacketFault
from fraiseql_chaos.layers.packet.packet import ACK, PSH, Packet, read_packet

NEAR, FAR = "10.111.0.1", "10.111.0.2"
NEAR6, FAR6 = "fd00::1", "fd00::2"

DATA = PSH | ACK


def ones_complement_sum(data: bytes) -> int:
    """Return the sum of the 16-bit words, word by word, with each carry added back."""
    total = 0
    for high, low in zip(data[::2], (*data[1::2], *(0,) * (len(data) % 2)), strict=True):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return total


def is_right(raw: bytes) -> bool:
    """Tell whether all checksums of a packet without options or extensions are right, by the sum that every receiver makes."""
    if raw[0] >> 4 == 4:
        segment, pseudo = raw[20:], raw[12:20] + struct.pack(">BBH", 0, raw[9], len(raw) - 20)
        if ones_complement_sum(raw[:20]) != 0xFFFF:
            return False
        pseudo = b"" if raw[9] == 1 else pseudo
    else:
        segment, pseudo = raw[40:], raw[8:40] + struct.pack(">IHBB", len(raw) - 40, 0, 0, raw[6])
    return ones_complement_sum(pseudo + segment) == 0xFFFF


def ip(protocol: int, segment: bytes, source: str = NEAR, destination: str = FAR, *, place: int) -> bytes:
    """Return a packet whose transport keeps its checksum at ``place``."""
    addresses = ip_address(source).packed + ip_address(destination).packed
    if len(addresses) == 8:
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 7, 0x4000, 64, protocol, 0) + addresses
        header = header[:10] + struct.pack(">H", 0xFFFF - ones_complement_sum(header)) + header[12:]
        pseudo = b"" if protocol == 1 else addresses + struct.pack(">BBH", 0, protocol, len(segment))
    else:
        header = struct.pack(">IHBB", 6 << 28, len(segment), protocol, 64) + addresses
        pseudo = addresses + struct.pack(">IHBB", len(segment), 0, 0, protocol)
    summed = 0xFFFF - ones_complement_sum(pseudo + segment)
    return header + segment[:place] + struct.pack(">H", summed or 0xFFFF if protocol == 17 else summed) + segment[place + 2 :]


def tcp(
    payload: bytes = b"",
    flags: int = DATA,
    *,
    sport: int = 40000,
    dport: int = 5432,
    seq: int = 1000,
    ack: int = 2000,
    source: str = NEAR,
    destination: str = FAR,
) -> bytes:
    """Return a TCP segment in its packet."""
    header = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 512, 0, 0)
    return ip(6, header + payload, source, destination, place=16)


def udp(payload: bytes = b"x", *, sport: int = 40000, dport: int = 53, source: str = NEAR, destination: str = FAR) -> bytes:
    """Return a UDP datagram in its packet."""
    return ip(17, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload, source, destination, place=6)


def icmp(kind: int = 8, code: int = 0, rest: bytes = b"", *, source: str = NEAR, destination: str = FAR) -> bytes:
    """Return an ICMP message in its packet."""
    return ip(58 if ":" in source else 1, struct.pack(">BBHI", kind, code, 0, 1) + rest, source, destination, place=2)


tcp6 = partial(tcp, source=NEAR6, destination=FAR6)
udp6 = partial(udp, source=NEAR6, destination=FAR6)
icmp6 = partial(icmp, source=NEAR6, destination=FAR6)
"""The same over IPv6."""


def read(raw: bytes) -> Packet:
    """Return a packet that can be read."""
    packet = read_packet(raw)
    assert packet is not None
    return packet


def numbered(count: int, size: int = 100) -> list[bytes]:
    """Return so many data segments, each of its own content."""
    return [tcp(n.to_bytes(4) + bytes(size - 4), seq=n * size) for n in range(count)]


def armed_with(
    fault: PacketFault, *, seed: int = 1, fault_id: str = "0-fault", held_bytes_limit: int = 64 * 2**20, hits_limit: int = 10_000
) -> LinkEngine:
    """Return a link with one fault on it, armed at 0."""
    engine = LinkEngine(seed=seed, held_bytes_limit=held_bytes_limit, hits_limit=hits_limit)
    engine.arm(fault_id, fault, dice="the dice", now_ns=0)
    return engine


def run_out(engine: LinkEngine) -> Iterator[tuple[int, Direction, bytes]]:
    """Yield what leaves by itself, each with the instant it was due."""
    while (due_ns := engine.due_ns) is not None:
        yield from ((due_ns, direction, raw) for direction, raw in engine.take(due_ns))
