"""
From a packet socket into a file.

A tap sees what its kernel hands to the device, after queueing disciplines, and what the device hands to it, before any filter. The kernel stamps each
packet, so how late we read it does not matter, and counts what it had no room for. A device with offloads shows what it is spared: segments before they
are cut, and checksums before they are made. A TUN device has none unless it is asked for, and the link asks for none; the
devices of a veth pair are told to do without.

Source:
    packet(7), ``PACKET_STATISTICS``; socket(7), ``SO_TIMESTAMPNS``.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import time
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.core.units import NS_PER_S
from fraiseql_chaos.probes.capture.pcap import FILE_HEADER, PACKET_BYTES_MAX, Captured, record

__all__ = ["BYTES_MAX", "Tap"]

BYTES_MAX: Final = 128 * 2**20
"""How long a file may become: 80 000 full packets, and some 800 000 of a database's usual ones."""

ROOM_BYTES: Final = 32 * 2**20
"""What the kernel may keep for us between two reads: packets of 100 ms at 100 000 a second."""

_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_PACKET_OUTGOING: Final = 4
_SO_TIMESTAMPNS: Final = 35
_SO_RCVBUFFORCE: Final = 33
_TIMESPEC: Final = struct.Struct("@qq")
_STATISTICS: Final = struct.Struct("=II")


class Tap:
    """
    A packet socket and the file that it is written to.

    Args:
        sock: Bound to a device, of type ``SOCK_DGRAM``, for all protocols.
        path: The file.
        bytes_max: How long it may become.

    Attributes:
        kept: How many packets are in the file.
        not_kept: How many came after it was full.
        dropped: How many the kernel had no room for.
        full_ns: When the first came that was not kept, on the clock of the day; None if all were.
    """

    def __init__(self, sock: socket.socket, path: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self.sock = sock
        self.kept = self.not_kept = self.dropped = 0
        self.full_ns: int | None = None
        self._room = bytes_max - len(FILE_HEADER)
        self._buffer = bytearray(PACKET_BYTES_MAX)
        self._view = memoryview(self._buffer)
        sock.setblocking(False)  # noqa: FBT003  the standard library takes no name here
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with contextlib.suppress(PermissionError):  # Within a user namespace the usual bound stands.
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, ROOM_BYTES)
        while self._next() is not None:
            pass  # What came before the record began.
        self._count_dropped()
        self.dropped = 0
        self._file = path.open("wb", buffering=2**18)
        self._file.write(FILE_HEADER)

    def drain(self) -> None:
        """Write down what has come."""
        while (packet := self._next()) is not None:
            line = record(packet)
            if self.full_ns is None and len(line) <= self._room:
                self._file.write(line)
                self._room -= len(line)
                self.kept += 1
            else:
                self.full_ns = self.full_ns or packet.at_ns
                self.not_kept += 1

    def close(self) -> JsonObject:
        """End the file, and return what is to be known about it."""
        self.drain()
        self._count_dropped()
        self._file.close()
        self.sock.close()
        return {"kept": self.kept, "not_kept": self.not_kept, "dropped": self.dropped, "full_ns": self.full_ns}

    def _next(self) -> Captured | None:
        while True:
            try:
                size, control, _, address = self.sock.recvmsg_into((self._view,), 64)
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno == errno.ENETDOWN:  # The device is gone. It is told once; what came before is still there to be read.
                    continue
                raise
            if size:
                at_ns = _stamp(control)
                return Captured(at_ns, bytes(self._view[:size]), address[2] == _PACKET_OUTGOING)

    def _count_dropped(self) -> None:
        """Take the kernel's count, which reading it sets back."""
        _, dropped = _STATISTICS.unpack(self.sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size))
        self.dropped += dropped


def _stamp(control: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            second, ns = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            return int(second * NS_PER_S + ns)
    return time.time_ns()  # Stamps were asked for only after it had come.
