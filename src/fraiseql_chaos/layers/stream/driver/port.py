"""
A TCP port that stays ours while nobody listens on it.

A server that has gone answers a connect with a reset from the kernel, and only a closed listener makes the kernel do that. But a closed
listener gives its port back, and the next process to ask for one might get it. So two sockets share the port: a *holder*, bound and
never listening, lives as long as the port is ours; a *listener* is bound beside it while the door is open. ``SO_REUSEADDR`` allows that
as long as the holder does not listen (socket(7)), and the kernel hands out no port that any socket is bound to.
"""

from __future__ import annotations

import socket
from typing import Final

__all__ = ["HeldPort"]

BACKLOG: Final = 4096
"""The kernel's own ceiling (``net.core.somaxconn``); below it, a burst of connects would wait for a retransmitted SYN."""


class HeldPort:
    """A port on 127.0.0.1 chosen by the kernel, with a door that can be shut."""

    def __init__(self) -> None:
        self._holder = _reusable_socket()
        self._holder.bind(("127.0.0.1", 0))
        self.number: int = self._holder.getsockname()[1]

    def listen(self) -> socket.socket:
        """Return a listening socket; the caller closes it, and from then on connects are refused."""
        listener = _reusable_socket()
        try:
            listener.bind(("127.0.0.1", self.number))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener

    def release(self) -> None:
        """Give the port back."""
        self._holder.close()


def _reusable_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)  # noqa: FBT003  the standard library takes no name here
    return made
