"""
The forwarder's process: one thread, one ``epoll``, every link and the control socket on it, and nothing that waits.

It lives in the far network, which it makes first, and ends when it is told to (SIGTERM, SIGINT) or killed; then its descriptors close, and with them
go the devices. A network lives on for as long as somebody lives in it.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fraiseql_chaos.control import LINE_BYTES_MAX, answer_line
from fraiseql_chaos.core import Json, now_ns
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.commands import Commands
from fraiseql_chaos.layers.packet.driver.link import Link
from fraiseql_chaos.layers.packet.driver.namespaces import enter_own_network
from fraiseql_chaos.layers.packet.model import Direction

__all__ = ["run"]

BACKLOG: Final = 16

ANSWER_S: Final = 0.1


def run(prog: str) -> None:
    """
    Read the arguments and serve until told to stop.

    Args:
        prog: What the process is called in its own help.
    """
    parser = argparse.ArgumentParser(prog=prog, description="The packet forwarder: links between network namespaces, commanded over a Unix socket.")
    parser.add_argument("--control", type=Path, required=True, metavar="PATH", help="Unix socket to be commanded over; must not exist yet")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    os.umask(0o077)  # Whoever may open the control socket may cut and delay: its owner alone.
    try:
        far, user = enter_own_network()
    except CapabilityError as refusal:
        _Loop(arguments.control, _refusing(refusal)).serve()
    commands = Commands(far, user)
    _Loop(arguments.control, commands.answer, commands.links).serve()


def _refusing(refusal: CapabilityError) -> Callable[[bytes], tuple[bytes, list[socket.socket]]]:
    """Return what answers everything with the reason why nothing can be done: who waits for us is told at once, and in words."""

    def refuse(_request: object) -> Json:
        raise refusal

    return lambda line: (answer_line(line, refuse), [])


class _Loop:
    """The one loop: packets first, then whatever has come due, then commands."""

    def __init__(self, control: Path, answer: Callable[[bytes], tuple[bytes, list[socket.socket]]], links: dict[str, Link] | None = None) -> None:
        self._answer = answer
        self._links: dict[str, Link] = {} if links is None else links
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(control))
        self._listener.listen(BACKLOG)
        self._epoll = select.epoll()
        self._timer = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        self._timer_ns = 0
        self._clients: dict[int, tuple[socket.socket, bytes]] = {}
        self._sources: dict[int, tuple[Link, Direction]] = {}
        for descriptor in (self._listener.fileno(), self._timer):
            self._epoll.register(descriptor, select.EPOLLIN)

    def serve(self) -> None:
        """Serve for ever."""
        gc.freeze()  # What was imported lives as long as the process; collections need not look at it again.
        while True:
            for descriptor, _ in self._epoll.poll():
                if (source := self._sources.get(descriptor)) is not None:
                    source[0].carry(source[1])
                elif descriptor == self._timer:
                    self._ring()
                elif descriptor == self._listener.fileno():
                    self._accept()
                elif descriptor in self._clients:
                    self._hear(descriptor)
            self._set_timer()

    def _ring(self) -> None:
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return  # It was set anew since.
        self._timer_ns = 0
        for link in self._links.values():
            link.release()

    def _set_timer(self) -> None:
        """Have the kernel wake us when the next packet comes due; never before, and 0 for never."""
        due_ns = min((due for link in self._links.values() if (due := link.engine.due_ns) is not None), default=0)
        if due_ns != self._timer_ns:
            self._timer_ns = due_ns
            # An instant in the past, or now, must still ring; 0 would disarm.
            at_ns = due_ns and max(due_ns, 1)
            os.timerfd_settime_ns(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=at_ns)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        client.settimeout(0)
        self._clients[client.fileno()] = client, b""
        self._epoll.register(client.fileno(), select.EPOLLIN)

    def _hear(self, descriptor: int) -> None:
        client, unread = self._clients[descriptor]
        try:
            part = client.recv(2**16)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        *lines, unread = (unread + part).split(b"\n")
        if not part or len(unread) > LINE_BYTES_MAX:
            self._drop(descriptor)
            return
        self._clients[descriptor] = client, unread
        for line in lines:
            answer, handed = self._answer(line)
            self._watch()
            if not self._reply(client, answer, handed):
                self._drop(descriptor)
                return

    def _reply(self, client: socket.socket, answer: bytes, handed: list[socket.socket]) -> bool:
        """Answer, and let go of what was handed over; tell whether all of it went out."""
        try:
            if handed:
                return socket.send_fds(client, [answer], [one.fileno() for one in handed]) == len(answer)
            client.settimeout(ANSWER_S)  # Answers fit into a socket's buffer; a client that does not read a long one must not hold packets up.
            client.sendall(answer)
            client.settimeout(0)
        except OSError:
            return False
        finally:
            for one in handed:
                one.close()
        return True

    def _drop(self, descriptor: int) -> None:
        client, _ = self._clients.pop(descriptor)
        self._epoll.unregister(descriptor)
        client.close()

    def _watch(self) -> None:
        """Watch the devices of every link that is open; those of a closed one were forgotten by the kernel when they were closed."""
        sources: dict[int, tuple[Link, Direction]] = {}
        for link in self._links.values():
            sources[link.devices["near"]] = link, "up"
            sources[link.devices["far"]] = link, "down"
        for descriptor, (link, _) in sources.items():
            known = self._sources.get(descriptor)
            if known is None or known[0] is not link:
                self._epoll.register(descriptor, select.EPOLLIN)
        self._sources = sources
        for link in self._links.values():
            if (due := link.engine.due_ns) is not None and due <= now_ns():
                link.release()
