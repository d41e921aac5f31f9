"""
The forwarder's process: one thread, one ``epoll``, every link and the control socket on it, and nothing that waits.

It lives in the far network, which it makes first, and ends when it is told to (SIGTERM, SIGINT) or killed; then its descriptors close, and with them
go the devices. A network lives on for as long as somebody lives in it.

What is held back leaves at its instant and never before: one timer rings a little early (``core.lead``), and the rest is watched from turn to turn
of the loop, which goes on carrying packets meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from fraiseql_chaos.control import LINE_BYTES_MAX, answer_line
from fraiseql_chaos.core import Json, now_ns
from fraiseql_chaos.core.lead import Lead
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.commands import Commands
from fraiseql_chaos.layers.packet.driver.mechanism import AnyLink
from fraiseql_chaos.layers.packet.driver.namespaces import enter_own_network

__all__ = ["run"]

BACKLOG: Final = 16

ANSWER_S: Final = 0.1

_UNSET: Final = 2**63

_LAST_NS: Final = 2**62
"""146 years after boot: what lies beyond does not fit the kernel's ``timespec`` arithmetic, and may as well come then."""


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

    def __init__(
        self, control: Path, answer: Callable[[bytes], tuple[bytes, list[socket.socket]]], links: Mapping[str, AnyLink] | None = None
    ) -> None:
        self._answer = answer
        self._links: Mapping[str, AnyLink] = {} if links is None else links
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(control))
        self._listener.listen(BACKLOG)
        self._epoll = select.epoll()
        self._timer = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        self._set_for_ns = _UNSET
        self._lead = Lead()
        self._clients: dict[int, tuple[socket.socket, bytes]] = {}
        self._sources: dict[int, Callable[[], None]] = {}
        for descriptor in (self._listener.fileno(), self._timer):
            self._epoll.register(descriptor, select.EPOLLIN)

    def serve(self) -> None:
        """Serve for ever."""
        gc.freeze()  # What was imported lives as long as the process; collections need not look at it again.
        poll, timeout_s = self._epoll.poll, -1
        while True:
            for descriptor, _ in poll(timeout_s):
                if (carry := self._sources.get(descriptor)) is not None:
                    carry()
                elif descriptor == self._timer:
                    self._ring()
                elif descriptor == self._listener.fileno():
                    self._accept()
                elif descriptor in self._clients:
                    self._hear(descriptor)
            timeout_s = self._keep_time()

    def _keep_time(self) -> int:
        """Release what is due; return how long to wait for packets: not at all while the next instant is near, for ever otherwise."""
        next_ns = _UNSET
        for link in self._links.values():
            due_ns = link.due_ns
            if due_ns is None:
                continue
            if due_ns <= (time_ns := now_ns()):
                link.release(time_ns)
                due_ns = link.due_ns
            if due_ns is not None and due_ns < next_ns:
                next_ns = due_ns
        if next_ns == _UNSET:
            return -1
        ring_ns = next_ns - self._lead.ns
        if ring_ns <= now_ns():
            return 0
        if ring_ns != self._set_for_ns:
            self._set_for_ns = ring_ns
            os.timerfd_settime_ns(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=min(ring_ns, _LAST_NS))
        return -1

    def _ring(self) -> None:
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return  # It was set anew since.
        self._lead.learn(now_ns() - self._set_for_ns)
        self._set_for_ns = _UNSET

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
        sources = {descriptor: carry for link in self._links.values() for descriptor, carry in link.sources.items()}
        for descriptor, carry in sources.items():
            if self._sources.get(descriptor) is not carry:
                self._epoll.register(descriptor, select.EPOLLIN)
        self._sources = sources
