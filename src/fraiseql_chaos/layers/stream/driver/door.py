"""
The door of an edge: who may come in, and how.

    shut      the listener is closed, and the kernel answers a connect with ECONNREFUSED
    hanging   the kernel drops the SYN of a connect, so it neither succeeds nor fails until the client gives up
    open      connects succeed, and are admitted as fast as they come

The port stays ours through all of it (see ``port``). What hangs is real: a listener with a backlog of 0 whose one place is taken makes Linux drop
every further SYN, and the client's kernel sends it again after 1, 3, 7 ... seconds (RFC 6298). So a client that hung when the door opens again
comes in with its next SYN.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from fraiseql_chaos.layers.stream.driver.port import HeldPort
from fraiseql_chaos.layers.stream.model import Door

__all__ = ["Doorway"]

ACCEPTS_AT_ONCE: Final = 64
"""How many connections are accepted before other sockets get their turn."""

ACCEPT_AGAIN_S: Final = 0.1
"""How long the door is left alone when the process has run out of file descriptors; nothing else tells that there is one again."""

FILLERS_MAX: Final = 8
"""How many connects are tried to fill a backlog of 0; Linux takes one or two, and a bound must be somewhere."""


class Doorway:
    """
    Accepts connections at a held port, or keeps them out.

    Args:
        loop: The loop everything runs on.
        port: The port.
        admit: Is given every accepted socket, non-blocking.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, port: HeldPort, admit: Callable[[socket.socket], None]) -> None:
        self._loop = loop
        self._port = port
        self._admit = admit
        self._state: Door = "shut"
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []

    def turn(self, state: Door) -> None:
        """
        Let connects meet something else from now on.

        Raises:
            OSError: If the port cannot be listened on; the door is shut then.
        """
        if state == self._state:
            return
        self._close()
        match state:
            case "open" | "slow":
                self._listen()
            case "hanging":
                self._hang()
            case "shut":
                pass
        self._state = state

    def _close(self) -> None:
        self._state = "shut"
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _listen(self) -> None:
        self._listener = self._port.listen()
        self._loop.add_reader(self._listener, self._accept, self._listener)

    def _hang(self) -> None:
        """Take every place of the queue ourselves, so that there is none for anybody else."""
        self._listener = self._port.listen(0)
        target = ("::1" if self._port.host == "::" else "127.0.0.1" if self._port.host == "0.0.0.0" else self._port.host, self._port.number)  # noqa: S104
        for _ in range(FILLERS_MAX):
            filler = socket.socket(self._listener.family, socket.SOCK_STREAM)
            filler.setblocking(False)  # noqa: FBT003  the standard library takes no name here
            self._fillers.append(filler)
            with contextlib.suppress(BlockingIOError):
                filler.connect(target)

    def _accept(self, listener: socket.socket) -> None:
        if listener is not self._listener:
            return  # The door was turned after the kernel had reported it ready.
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                client, _peer = listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError:
                self._loop.remove_reader(listener)
                self._loop.call_later(ACCEPT_AGAIN_S, self._resume_accepting, listener)
                return
            client.setblocking(False)  # noqa: FBT003  the standard library takes no name here
            self._admit(client)

    def _resume_accepting(self, listener: socket.socket) -> None:
        if listener is self._listener:
            self._loop.add_reader(listener, self._accept, listener)
