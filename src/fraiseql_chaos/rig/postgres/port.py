"""
A port that stays ours while nobody listens on it.

While the server is down its port must refuse connections, and must not be given to anybody else: a stranger there would answer the
service's reconnects. So a socket is bound to it for as long as the cluster lives, and never listens. ``SO_REUSEADDR`` on both sides lets
PostgreSQL, which sets it too, bind and listen beside it; Linux answers connections to a port that is only bound with RST.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Final, Self

__all__ = ["LOOPBACK", "HeldPort"]

LOOPBACK: Final = "127.0.0.1"


class HeldPort:
    """A TCP port of the loopback interface, chosen by the kernel and reserved until ``close``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
