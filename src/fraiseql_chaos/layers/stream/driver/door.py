"""
The door of an edge: who may come in, and how.

    shut      the listener is closed, and the kernel answers a connect with ECONNREFUSED
    hanging   the kernel drops the SYN of a connect, so it neither succeeds nor fails until the client gives up
    slow      connects succeed, but are admitted one after another, each some time after the one in front of it
    open      connects succeed, and are admitted as fast as they come

The port stays ours through all of it (see ``port``). What hangs is real: a listener with a backlog of 0 whose one place is taken makes
Linux drop every further SYN, and the client's kernel sends it again after 1, 3, 7 ... seconds (RFC 6298). So a client that hung when the
door opens again comes in with its next SYN. Who waits at a slow door comes in when it opens, because an open and a slow door are one
listener. A door that begins to hang admits first whoever the kernel has let in.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from fraiseql_chaos.core import Duration
from fraiseql_chaos.layers.stream.driver.port import BACKLOG, HeldPort
from fraiseql_chaos.layers.stream.model import Door

__all__ = ["Doorway"]

ACCEPTS_AT_ONCE: Final = 64
"""How many connections are accepted before other sockets get their turn."""

ACCEPT_AGAIN_S: Final = 0.1
"""How long the door is left alone when the process has run out of file descriptors; nothing else tells that there is one again."""

_LISTENING: Final = frozenset({"open", "slow"})
"""The doors that let everybody in, sooner or later."""

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
        self._accept_delay = Duration(0)
        self._waiting: asyncio.TimerHandle | None = None

    def turn(self, state: Door, *, accept_delay: Duration = Duration(0)) -> None:
        """
        Let connects meet something else from now on.

        Args:
            state: What they meet.
            accept_delay: How long a slow door takes for each; who waits already waits from now on as long as that.

        Raises:
            OSError: If the port cannot be listened on; the door is shut then.
        """
        if (state, accept_delay) == (self._state, self._accept_delay):
            return
        self._accept_delay = accept_delay
        if state != self._state and not {state, self._state} <= _LISTENING:
            self._leave(state)
            self._enter(state)
        self._state = state
        self._watch()

    def _leave(self, state: Door) -> None:
        if state == "hanging" and self._listener is not None:
            self._accept(self._listener, at_most=BACKLOG)
        self._close()

    def _enter(self, state: Door) -> None:
        match state:
            case "open" | "slow":
                self._listener = self._port.listen()
            case "hanging":
                self._hang()
            case "shut":
                pass

    def _watch(self) -> None:
        """Be called when somebody comes; at a slow door, when somebody's time has come."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._listener is None or self._state not in _LISTENING:
            return
        self._loop.add_reader(self._listener, self._accept_late if self._state == "slow" else self._accept, self._listener)

    def _close(self) -> None:
        self._state = "shut"
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

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

    def _accept_late(self, listener: socket.socket) -> None:
        """Let the first of those who wait stand for a while; nobody else is looked at meanwhile."""
        if listener is self._listener and self._state == "slow":
            self._loop.remove_reader(listener)
            # The loop counts in whole milliseconds, and may call most of one early.
            self._waiting = self._loop.call_later(self._accept_delay.s + 0.001, self._accept_one, listener)

    def _accept_one(self, listener: socket.socket) -> None:
        self._accept(listener, at_most=1)
        self._watch()

    def _accept(self, listener: socket.socket, at_most: int = ACCEPTS_AT_ONCE) -> None:
        if listener is not self._listener:
            return  # The door was turned after the kernel had reported it ready.
        for _ in range(at_most):
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
            self._watch()
