"""
An IP packet, read no further than a fault needs: where its parts are, which protocol, which ports, which flags.

    raw   | IPv4 or IPv6 header, extensions | TCP, UDP or ICMP header | payload |
          0                                 header                    payload   end

A packet is *read* or it is not; there is no half. What is truncated, contradicts its own lengths, is a fragment, is source-routed, is encrypted, or carries
another protocol, is not read: no fault can say anything true about its ports or its checksum, so it is let pass as it came, and counted.
A fragment is among them because its transport checksum spans packets that are not here. TCP sends none (it sets DF), so nothing that faults
are about is lost by that.

Source:
    RFC 791 (IPv4), RFC 8200 (IPv6 and its extension headers), RFC 9293 (TCP), RFC 768 (UDP), RFC 792 and 4443 (ICMP).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, NamedTuple

__all__ = ["ACK", "FIN", "ICMP", "ICMP6", "PSH", "RST", "SYN", "TCP", "UDP", "Packet", "read_packet"]

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMP6: Final = 58

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

_NAMES: Final = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMP6: "icmp6"}

_SKIPPED: Final = frozenset({0, 60})
"""IPv6 hop-by-hop and destination options: they change neither where a packet goes nor what its checksum spans."""

_ICMP_BYTES: Final = 8
_UDP_BYTES: Final = 8
_TCP_BYTES_LEAST: Final = 20
_IPV4_BYTES_LEAST: Final = 20
_IPV6_BYTES: Final = 40


class Packet(NamedTuple):
    """
    A packet that was read.

    Attributes:
        raw: All of it.
        protocol: ``TCP``, ``UDP``, ``ICMP`` or ``ICMP6``.
        header: Where its transport header begins.
        payload: Where what it carries begins; for ICMP behind the first 8 bytes.
        end: Where it ends by its own account; what the device added behind that belongs to nobody.
        flags: TCP's flags; 0 for other protocols.
    """

    raw: bytes
    protocol: int
    header: int
    payload: int
    end: int
    flags: int

    @property
    def is_ipv6(self) -> bool:
        """Whether it is an IPv6 packet."""
        return self.raw[0] >> 4 == 6

    @property
    def payload_bytes(self) -> int:
        """How many bytes it carries."""
        return self.end - self.payload

    @property
    def source_port(self) -> int | None:
        """The sender's port; None where there are no ports."""
        return self._word(0) if self.protocol in {TCP, UDP} else None

    @property
    def destination_port(self) -> int | None:
        """The receiver's port; None where there are no ports."""
        return self._word(2) if self.protocol in {TCP, UDP} else None

    @property
    def sequence(self) -> int:
        """The sequence number of a TCP segment."""
        return int.from_bytes(self.raw[self.header + 4 : self.header + 8])

    @property
    def acknowledgement(self) -> int:
        """The acknowledgement number of a TCP segment; it means something if its ACK flag is set."""
        return int.from_bytes(self.raw[self.header + 8 : self.header + 12])

    @property
    def addresses(self) -> bytes:
        """Source and destination, as they stand in the header."""
        return self.raw[8:40] if self.is_ipv6 else self.raw[12:20]

    @property
    def flow(self) -> bytes:
        """What all packets have in common that go the same way on the same connection, and no others have."""
        ports = self.raw[self.header : self.header + 4] if self.protocol in {TCP, UDP} else b""
        return bytes((self.protocol,)) + self.addresses + ports

    @property
    def flow_words(self) -> str:
        """The flow for people: ``tcp 10.0.0.1:40000 > 10.0.0.2:5432``."""
        both = self.addresses
        half = len(both) // 2
        source, destination = (ip_address(address).compressed for address in (both[:half], both[half:]))
        if self.protocol in {TCP, UDP}:
            shown = "[{}]:{}" if self.is_ipv6 else "{}:{}"
            source, destination = shown.format(source, self.source_port), shown.format(destination, self.destination_port)
        return f"{_NAMES[self.protocol]} {source} > {destination}"

    def _word(self, offset: int) -> int:
        place = self.header + offset
        return self.raw[place] << 8 | self.raw[place + 1]


def read_packet(raw: bytes) -> Packet | None:
    """Read a packet; None if it cannot be, see the header."""
    size = len(raw)
    if size < _IPV4_BYTES_LEAST:
        return None
    version = raw[0] >> 4
    if version == 4:
        header = (raw[0] & 0x0F) << 2
        end = raw[2] << 8 | raw[3]
        protocol = raw[9]
        if header < _IPV4_BYTES_LEAST or raw[6] & 0x3F or raw[7] or protocol == ICMP6:
            return None
    elif version == 6 and size >= _IPV6_BYTES:
        end = _IPV6_BYTES + (raw[4] << 8 | raw[5])
        protocol, header = _behind_options(raw, min(size, end))
        if protocol == ICMP:
            return None
    else:
        return None
    if end > size:
        return None
    return _read_transport(raw, protocol, header, end)


def _read_transport(raw: bytes, protocol: int, header: int, end: int) -> Packet | None:
    flags = 0
    if protocol == TCP and header + _TCP_BYTES_LEAST <= end:
        payload, flags = header + (raw[header + 12] >> 4 << 2), raw[header + 13]
        is_sound = header + _TCP_BYTES_LEAST <= payload <= end
    elif protocol == UDP and header + _UDP_BYTES <= end:
        payload = header + _UDP_BYTES
        is_sound = raw[header + 4] << 8 | raw[header + 5] == end - header
    else:
        payload = header + _ICMP_BYTES
        is_sound = protocol in {ICMP, ICMP6} and payload <= end
    # Every packet of a faulted link comes by here, and a named tuple's own constructor takes twice as long.
    return tuple.__new__(Packet, (raw, protocol, header, payload, end, flags)) if is_sound else None


def _behind_options(raw: bytes, end: int) -> tuple[int, int]:
    """Return the first header of an IPv6 packet that is none of options, and where it begins."""
    protocol, place = raw[6], _IPV6_BYTES
    while protocol in _SKIPPED and place + 2 <= end:
        protocol, place = raw[place], place + (raw[place + 1] + 1) * 8
    return protocol, place
