"""
How many segments of data a TCP socket has received, by its kernel's own count: of a socket of ours, and of anybody else's
in this network or in one that we can ask about.

Source:
    tcp(7), ``TCP_INFO``; sock_diag(7), ``INET_DIAG_INFO``; ``struct tcp_info`` in ``linux/tcp.h``.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from ipaddress import ip_address
from typing import Final

__all__ = ["segments_received", "segments_received_at"]

_DATA_SEGS_IN: Final = 152
"""Where ``tcpi_data_segs_in`` stands in ``struct tcp_info``, four bytes long (Linux 4.6 and later)."""

_SOCK_DIAG_BY_FAMILY: Final = 20
_NETLINK_SOCK_DIAG: Final = 4
_NLM_F_REQUEST: Final = 1
_INET_DIAG_INFO: Final = 2
_HEADER_BYTES: Final = 16
_MESSAGE_BYTES: Final = 72


def segments_received(sock: socket.socket) -> int | None:
    """Return how many segments with data a socket of ours has received; None if it is no TCP socket, or the kernel does not say."""
    try:
        return _count(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256))
    except OSError:
        return None


def segments_received_at(local: tuple[str, int], remote: tuple[str, int], *, kernel: socket.socket | None = None) -> int | None:
    """
    Return how many segments with data the socket between two addresses has received, whoever owns it; None if there is none in the network asked about.

    Args:
        local: The socket's own address.
        remote: Its peer's.
        kernel: What asks, of another network than ours: a ``NETLINK_SOCK_DIAG`` socket that lives there. It stays open.
    """
    try:
        ends = ip_address(local[0]), ip_address(remote[0])
        with contextlib.ExitStack() as stack:
            asked = kernel or stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG))
            asked.settimeout(1)  # It answers in microseconds, from the same call; nobody should wait for ever if it does not.
            family = socket.AF_INET if ends[0].version == 4 else socket.AF_INET6
            body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 0xFFFFFFFF)
            body += struct.pack("!HH16s16s", local[1], remote[1], ends[0].packed, ends[1].packed) + struct.pack("=I", 0) + b"\xff" * 8
            asked.sendto(struct.pack("=IHHII", _HEADER_BYTES + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0) + body, (0, 0))
            return _info(asked.recv(2**14))
    except (OSError, ValueError):
        return None


def _info(answer: bytes) -> int | None:
    _length, kind = struct.unpack_from("=IH", answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        return None
    rest = answer[_HEADER_BYTES + _MESSAGE_BYTES :]
    while len(rest) >= 4:
        length, number = struct.unpack_from("=HH", rest)
        if number == _INET_DIAG_INFO:
            return _count(rest[4:length])
        rest = rest[max(4, -(-length // 4) * 4) :]
    return None


def _count(info: bytes) -> int | None:
    return struct.unpack_from("=I", info, _DATA_SEGS_IN)[0] if len(info) >= _DATA_SEGS_IN + 4 else None
