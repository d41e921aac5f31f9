"""
A TCP port that stays ours while nobody listens on it.

A server that has gone answers a connect with a reset from the kernel, and only a closed listener makes the kernel do that. But a closed
listener gives its port back, and the next process to ask for one might get it. So two sockets share the port: a *holder*, bound and
never listening, lives as long as the port is ours; a *listener* is bound beside it while the door is open. ``SO_REUSEADDR`` allows that
as long as the holder does not listen (socket(7)), and the kernel hands out no port that any socket is bound to.

A port that somebody else listens on cannot be held: the holder would bind beside it, so a trial listener tells.
"""

from __future__ import annotations

import socket
from typing import Final

__all__ = ["BACKLOG", "HeldPort"]

BACKLOG: Final = 4096
"""The kernel's own ceiling (``net.core.somaxconn``); below it, a burst of connects would wait for a retransmitted SYN."""


class HeldPort:
    """
    A port with a door that can be shut.

    Args:
        host: The address to listen on, as a number; an IPv6 wildcard takes IPv4 too.
        number: The port; 0 lets the kernel choose one.

    Raises:
        OSError: If the address is none of this machine's, or the port is in use.
    """

    def __init__(self, host: str = "127.0.0.1", number: int = 0) -> None:
        self.host = host
        self.number = number
        self._holder = self._bound()
        try:
            self.number = self._holder.getsockname()[1]
            self.listen().close()
        except OSError:
            self._holder.close()
            raise

    def listen(self, backlog: int = BACKLOG) -> socket.socket:
        """Return a listening socket; the caller closes it, and from then on connects are refused."""
        listener = self._bound()
        try:
            listener.listen(backlog)
        except OSError:
            listener.close()
            raise
        return listener

    def release(self) -> None:
        """Give the port back."""
        self._holder.close()

    def _bound(self) -> socket.socket:
        made = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)  # noqa: FBT003  the standard library takes no name here
            if made.family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            made.bind((self.host, self.number))
        except OSError:
            made.close()
            raise
        return made
