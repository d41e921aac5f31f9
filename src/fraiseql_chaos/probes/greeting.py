"""
What a client of the edge sees that says one word and is answered one byte.

Every PostgreSQL answers a request for TLS with ``S`` or ``N`` before anything else, and thinks nothing of a client that then goes away: no
session, no line in its log. So this word shows whether a connection carries anything, without a driver in between that has a patience and
words of its own. What is told of a failure is the kernel's name for it, ``EOF`` for an ordinary end, or ``ETIMEDOUT`` where the probe
stopped waiting.

Source:
    PostgreSQL documentation, "Message Flow", "SSL Session Encryption".
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Coroutine
from typing import Any, Final

from fraiseql_chaos.core import NS_PER_MS, Duration, ms, now_ns, seconds
from fraiseql_chaos.probes.model import Look

__all__ = ["EdgeFarewell", "EdgeGreeting", "EdgeIdle"]

_SSL_REQUEST: Final = (8).to_bytes(4) + (80877103).to_bytes(4)

IDLE_AT_MOST: Final = seconds(20)
"""How long one idle connection is kept: PostgreSQL itself ends one that has not said who it is after 60 s (``authentication_timeout``)."""


class _EndedError(Exception):
    """The other side has nothing more to say."""


class Greeting:
    """
    A connection on its way to being greeted.

    Args:
        address: Where the edge listens.

    Attributes:
        connected_ns: When the connect succeeded.
        greeted_ns: When the byte came.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.began_ns = now_ns()
        self.connected_ns: int | None = None
        self.greeted_ns: int | None = None
        self.sock = socket.socket()
        self.sock.setblocking(False)  # noqa: FBT003  the standard library takes no name here
        self._address = address

    async def greet(self) -> None:
        """
        Connect, ask, and wait for the byte.

        Raises:
            OSError: The kernel's word for what went wrong.
            _EndedError: If the connection ended in the ordinary way.
        """
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.sock, self._address)
        self.connected_ns = now_ns()
        await loop.sock_sendall(self.sock, _SSL_REQUEST)
        if not await loop.sock_recv(self.sock, 1):
            raise _EndedError
        self.greeted_ns = now_ns()

    def close(self) -> None:
        """Go away."""
        self.sock.close()


class EdgeGreeting:
    """
    Connect, and wait for the first byte; the measured part begins when the connect has succeeded.

    Args:
        host: Where the edge listens.
        port: The same.
        within: How long a look may take.
    """

    name = "edge_greeting"

    def __init__(self, host: str, port: int, *, every: Duration = ms(200), within: Duration = seconds(1)) -> None:
        self.every = every
        self._address = (host, port)
        self._within = within

    async def look(self) -> Look:
        """Look once, with a connection of its own."""
        greeting = Greeting(self._address)
        try:
            error = await _tried(greeting.greet(), self._within)
        finally:
            greeting.close()
        value = {
            "connect_ms": _span_ms(greeting.began_ns, greeting.connected_ns),
            "greeting_ms": _span_ms(greeting.connected_ns, greeting.greeted_ns),
        }
        return Look(ok=not error, value=dict(value), error=error, began_ns=greeting.connected_ns)

    async def close(self) -> None:
        """Nothing is held open between looks."""


class EdgeIdle:
    """
    Keep a connection on which nothing is said, and see whether it still stands.

    Args:
        host: Where the edge listens.
        port: The same.
        within: How long making it anew may take.
    """

    name = "edge_idle"

    def __init__(self, host: str, port: int, *, every: Duration = ms(100), within: Duration = seconds(1)) -> None:
        self.every = every
        self._address = (host, port)
        self._within = within
        self._kept: Greeting | None = None

    async def look(self) -> Look:
        """Ask the kernel what became of the connection; without one, make one."""
        kept = self._kept
        if kept is None or kept.greeted_ns is None or now_ns() - kept.greeted_ns > IDLE_AT_MOST.ns:
            return await self._make()
        idle_ms = _span_ms(kept.greeted_ns, now_ns())
        try:
            error = "EOF" if not kept.sock.recv(1) else "EPROTO"  # Nobody has anything to say to us.
        except BlockingIOError:
            return Look(ok=True, value={"idle_ms": idle_ms})
        except OSError as failure:
            error = _word(failure)
        await self.close()
        return Look(ok=False, value={"idle_ms": idle_ms}, error=error)

    async def close(self) -> None:
        """Drop the connection."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    async def _make(self) -> Look:
        await self.close()
        self._kept = Greeting(self._address)
        error = await _tried(self._kept.greet(), self._within)
        if error:
            await self.close()
        return Look(ok=not error, value={"idle_ms": 0.0}, error=error)


class EdgeFarewell:
    """
    Say that no more will come, and wait until the server has ended its side too; the measured part begins with that word.

    Args:
        host: Where the edge listens.
        port: The same.
        within: How long a look may take.
    """

    name = "edge_farewell"

    def __init__(self, host: str, port: int, *, every: Duration = ms(200), within: Duration = seconds(2)) -> None:
        self.every = every
        self._address = (host, port)
        self._within = within

    async def look(self) -> Look:
        """Look once, with a connection of its own."""
        greeting = Greeting(self._address)
        try:
            error = await _tried(self._part(greeting), self._within)
        finally:
            greeting.close()
        return Look(ok=not error, value={}, error=error, began_ns=greeting.greeted_ns)

    async def close(self) -> None:
        """Nothing is held open between looks."""

    @staticmethod
    async def _part(greeting: Greeting) -> None:
        await greeting.greet()
        greeting.sock.shutdown(socket.SHUT_WR)
        greeting.greeted_ns = now_ns()
        await asyncio.get_running_loop().sock_recv(greeting.sock, 1)


async def _tried(doing: Coroutine[Any, Any, None], within: Duration) -> str:
    """Return the word for what went wrong; empty if nothing did."""
    try:
        async with asyncio.timeout(within.s):
            await doing
    except TimeoutError:
        return "ETIMEDOUT"
    except _EndedError:
        return "EOF"
    except OSError as error:
        return _word(error)
    return ""


def _word(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))


def _span_ms(begin_ns: int | None, end_ns: int | None) -> float | None:
    return None if begin_ns is None or end_ns is None else (end_ns - begin_ns) / NS_PER_MS
