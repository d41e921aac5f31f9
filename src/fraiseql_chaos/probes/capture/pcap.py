"""
Files of captured packets, as Wireshark and tcpdump open them.

    file    | magic | 2 | 4 | 0 | 0 | snap length | link type |  then records
    record  | s     | ns    | bytes kept | bytes there were   |  then the packet

The classic format, with nanoseconds, in this machine's byte order. The link type is *Linux cooked* and not *raw IP*: a raw packet has nowhere to say
which way it went, and its addresses do not tell it either, once a fault has bent them. A cooked one begins with 16 bytes in which the kernel's own
word for it has its place: received, or sent by us (``sll.pkttype == 4`` in Wireshark).

A capture that is killed leaves a record without its end. So reading stops there, and says so; anything else that is not as it should be is an error.

Source:
    draft-ietf-opsawg-pcap (PCAP Capture File Format); tcpdump.org, LINKTYPE_LINUX_SLL; packet(7).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

from fraiseql_chaos.core.units import NS_PER_S
from fraiseql_chaos.errors import HistoryError

__all__ = ["FILE_HEADER", "PACKET_BYTES_MAX", "Captured", "PcapFile", "read_pcap", "record"]

PACKET_BYTES_MAX: Final = 65535 + 40
"""No IP packet is longer, but for IPv6 jumbograms, which no device of ours carries."""

_MAGIC_NS: Final = 0xA1B23C4D
_LINKTYPE_LINUX_SLL: Final = 113
_ARPHRD_NONE: Final = 0xFFFE
_COOKED_BYTES: Final = 16
_SENT_BY_US: Final = 4
_TO_US: Final = 0
_ETHERTYPE: Final = {4: 0x0800, 6: 0x86DD}

_FILE: Final = struct.Struct("=IHHiIII")
_RECORD: Final = struct.Struct("=IIII")
_COOKED: Final = struct.Struct("!HHH8sH")

FILE_HEADER: Final = _FILE.pack(_MAGIC_NS, 2, 4, 0, 0, PACKET_BYTES_MAX + _COOKED_BYTES, _LINKTYPE_LINUX_SLL)


class Captured(NamedTuple):
    """
    A packet that one kernel saw.

    Attributes:
        at_ns: When, in nanoseconds on the clock of the file, which is that of the day.
        raw: The packet, from its IP header on.
        sent: Whether this kernel sent it; otherwise it received it.
    """

    at_ns: int
    raw: bytes
    sent: bool


class PcapFile(NamedTuple):
    """
    What a file holds.

    Attributes:
        packets: In the order they were seen.
        is_whole: False if the last record was cut short, as when the capture was killed; it is not among the packets.
    """

    packets: tuple[Captured, ...]
    is_whole: bool


def record(packet: Captured) -> bytes:
    """Return a packet as it stands in a file."""
    second, ns = divmod(packet.at_ns, NS_PER_S)
    size = len(packet.raw) + _COOKED_BYTES
    protocol = _ETHERTYPE.get(packet.raw[0] >> 4, 0) if packet.raw else 0
    cooked = _COOKED.pack(_SENT_BY_US if packet.sent else _TO_US, _ARPHRD_NONE, 0, b"", protocol)
    return _RECORD.pack(second, ns, size, size) + cooked + packet.raw


def read_pcap(path: Path) -> PcapFile:
    """
    Read a file that this module wrote.

    Raises:
        HistoryError: If it is no such file, or damaged other than by its end missing; the message says at which byte.
    """
    data = path.read_bytes()
    if data[: _FILE.size] != FILE_HEADER:
        raise HistoryError(
            f"{path} is not a capture of ours (nanoseconds, Linux cooked, this machine's byte order): it begins with {data[:24].hex() or 'nothing'}; "
            "no packet was read from it"
        )
    packets, place, size = [], _FILE.size, len(data)
    while place + _RECORD.size <= size:
        second, ns, kept, there = _RECORD.unpack_from(data, place)
        if kept != there or not _COOKED_BYTES <= kept <= PACKET_BYTES_MAX + _COOKED_BYTES or ns >= NS_PER_S:
            raise HistoryError(f"{path} is damaged at byte {place}: no record has {kept} of {there} bytes and {ns} ns; no packet was read from it")
        begin, end = place + _RECORD.size, place + _RECORD.size + kept
        if end > size:
            break
        kind, *_, protocol = _COOKED.unpack_from(data, begin)
        raw = data[begin + _COOKED_BYTES : end]
        if kind not in {_SENT_BY_US, _TO_US} or protocol not in {0, *_ETHERTYPE.values()}:
            raise HistoryError(f"{path} is damaged at byte {begin}: {data[begin : begin + 16].hex()} is no head of ours; no packet was read from it")
        packets.append(Captured(second * NS_PER_S + ns, raw, kind == _SENT_BY_US))
        place = end
    return PcapFile(tuple(packets), place == size)
