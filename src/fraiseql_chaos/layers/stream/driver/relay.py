"""
A connection through an edge: two sides, each reading its own socket and writing its peer's.

    service ==> near.socket -- near.flow --> far.socket ==> server
    service <== near.socket <-- far.flow --- far.socket <== server

This is the hot path of the product, and three things keep it short:

* The loop reads every socket into one buffer of its own and hands over a copy of what came, so a connection owns no buffer, and what is
  held back needs no second copy. Reading into a shared buffer of ours would spare that copy: 10 % more bulk throughput, but a call more
  for each chunk, which small answers pay for.
* Bytes are written to the peer's descriptor at once. The transport's queue takes what the kernel does not, and all that follows while
  any of it waits there, so order is kept. Its high-water mark is 0, so the loop itself says when it begins to wait and when all is gone.
* Two integers are compared to learn that nothing was armed or healed since the last chunk. Unless a fault bends the flow, its bytes go
  straight through.

What ends on one side ends likewise on the other: a half-close passes through and leaves the other direction alive, a reset becomes a
reset. Who does not read makes the other side wait: a side stops reading while its peer's queue, or its own flow, is full.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from enum import Enum
from typing import Final, cast

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.engine import Armed, Flow
from fraiseql_chaos.layers.stream.model import Ending, Item

__all__ = ["Relay", "Tally"]

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``struct linger`` with a time of 0: closing sends RST and drops what is unsent (socket(7))."""

_NO_FD: Final = -1


class Tally:
    """What arrived in one direction of an edge, and what of it nobody will ever get."""

    __slots__ = ("bytes", "chunks", "dropped_bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self.chunks = 0
        self.dropped_bytes = 0


class State(Enum):
    """What may be done with a socket."""

    CONNECTING = "connecting"
    """Nothing yet: what comes for it is kept."""
    OPEN = "open"
    """Everything."""
    DEAF = "deaf"
    """Only reading: its owner has reset it, but what it said before is still to be read."""
    CLOSED = "closed"
    """Nothing any more: what comes for it is dropped."""


class Side(asyncio.Protocol):
    """
    One socket of a connection: reads it, and hands what it read to its peer through a flow.

    Args:
        flow: What becomes of the items read here.
        tally: Where they are counted.
        alarm: What wakes the flow when something is due.
        on_lost: Called once, when the socket is closed.
    """

    __slots__ = (
        "_alarm",
        "_due_ns",
        "_early",
        "_fd",
        "_has_ended",
        "_has_finished",
        "_has_transport",
        "_is_paused",
        "_on_lost",
        "_state",
        "_transport",
        "flow",
        "peer",
        "tally",
    )

    peer: Side
    _transport: asyncio.Transport

    def __init__(self, flow: Flow, tally: Tally, alarm: Alarm, on_lost: Callable[[], None]) -> None:
        self.flow = flow
        self.tally = tally
        self._alarm = alarm
        self._on_lost = on_lost
        self._has_transport = False
        self._state = State.CONNECTING
        self._fd = _NO_FD  # The descriptor while bytes may be written to it past the transport, and only then.
        self._early: list[Item] = []
        self._due_ns = 0
        self._has_ended = False  # The socket has said that no more will come.
        self._has_finished = False  # The socket was told that no more will come.
        self._is_paused = False

    # The loop calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._has_transport = cast("asyncio.Transport", transport), True
        if self._state is State.CLOSED:
            self._transport.abort()  # The connection was cut while its connect was under way.
            return
        self._transport.set_write_buffer_limits(high=0)
        sock = transport.get_extra_info("socket")
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._state, self._fd = State.OPEN, sock.fileno()
        early, self._early = self._early, []
        for item in early:
            self.receive(item)
        self.peer.throttle()

    def data_received(self, data: bytes) -> None:
        tally, flow = self.tally, self.flow
        tally.bytes += len(data)
        tally.chunks += 1
        if flow.stages or flow.epoch != flow.armed.epoch:
            self._bend(data)
        else:
            self.peer.send(data)

    def eof_received(self) -> bool:
        self._has_ended = True
        self._bend(Ending.FIN if self._state is State.OPEN else Ending.RESET)
        return True  # The transport stays open for the other direction.

    def pause_writing(self) -> None:
        self._fd = _NO_FD  # What is queued goes first, so all that follows must queue too.
        self.peer.throttle()

    def resume_writing(self) -> None:
        if self._state is State.OPEN:
            self._fd = self._transport.get_extra_info("socket").fileno()
        self.peer.throttle()

    def connection_lost(self, exc: Exception | None) -> None:
        self.peer.tally.dropped_bytes += self._transport.get_write_buffer_size()
        if exc is not None and self._state is not State.CLOSED:  # Otherwise we closed it ourselves and know.
            self._state, self._fd, self._has_ended = State.CLOSED, _NO_FD, True
            self._bend(Ending.RESET)
        self._on_lost()

    # Its peer, the alarm and the edge call these.

    def send(self, data: bytes) -> None:
        """Write bytes to the socket, at once if it takes them."""
        if self._fd == _NO_FD:
            self._send_later(data)
            return
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._go_deaf()
            sent = 0
        if sent != len(data):
            self._send_later(data[sent:])

    def receive(self, item: Item) -> None:
        """Give the socket an item that has arrived for it."""
        if isinstance(item, bytes):
            self.send(item)
        elif self._state is State.CONNECTING:
            self._early.append(item)
        elif item is Ending.FIN:
            self._finish()
        else:
            self._reset()

    def pump(self, time_ns: int) -> None:
        """Hand over what is due by now, and have the alarm call again for the rest."""
        for item in self.flow.take(time_ns):
            self.peer.receive(item)
        due_ns = self.flow.due_ns
        if due_ns is not None and due_ns != self._due_ns:
            self._due_ns = due_ns
            self._alarm.call_at(due_ns, self.pump)
        self.throttle()

    def renew(self, time_ns: int) -> None:
        """Let go of what a healed fault still holds; a flow that holds nothing learns of the change at its next chunk."""
        if self.flow.is_holding:
            self.flow.renew(time_ns)
            self.pump(time_ns)

    def throttle(self) -> None:
        """Read on, or stop reading, by whether what is read can go anywhere."""
        if self._has_ended or self._state in {State.CONNECTING, State.CLOSED}:
            return
        must_wait = self.flow.is_full or self.peer.is_blocked
        if must_wait != self._is_paused:
            self._is_paused = must_wait
            if must_wait:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    @property
    def is_blocked(self) -> bool:
        """Whether the socket takes no more for now."""
        return self._state is State.CONNECTING or (self._state is State.OPEN and self._fd == _NO_FD)

    def close(self, *, at_once: bool) -> None:
        """
        Close the socket, and drop what was on its way from it.

        Args:
            at_once: Whether to drop, too, what its transport still has to write to it.
        """
        self._state, self._fd = State.CLOSED, _NO_FD
        self.tally.dropped_bytes += self.flow.discard()
        self.peer.tally.dropped_bytes += sum(len(item) for item in self._early if isinstance(item, bytes))
        self._early.clear()
        if not self._has_transport:
            return
        if at_once:
            self._transport.abort()
        else:
            self._transport.close()

    # The rest.

    def _bend(self, item: Item) -> None:
        time_ns = now_ns()
        self.flow.feed(item, time_ns)
        self.pump(time_ns)

    def _send_later(self, data: bytes) -> None:
        match self._state:
            case State.CONNECTING:
                self._early.append(data)
                self.peer.throttle()  # Only now: the loop starts to read a new socket, whatever was asked when it was made.
            case State.OPEN:
                self._transport.write(data)
            case State.DEAF | State.CLOSED:
                self.peer.tally.dropped_bytes += len(data)

    def _go_deaf(self) -> None:
        self._state, self._fd = State.DEAF, _NO_FD
        if self._has_ended:
            self._bend(Ending.RESET)

    def _finish(self) -> None:
        self._has_finished = True
        if self._state is State.OPEN:
            self._transport.write_eof()
        if self.peer._has_finished:  # noqa: SLF001  the peer is one of us
            self.close(at_once=False)
            self.peer.close(at_once=False)

    def _reset(self) -> None:
        if self._state is not State.CLOSED:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close(at_once=True)
        self.peer.close(at_once=True)


class Relay:
    """
    Two sides joined: ``near`` has the service at its other end, ``far`` the server.

    Args:
        armed: The faults of its edge.
        ordinal: Which of the edge's connections it is, from 0.
        up: Where what goes to the server is counted.
        down: Where what goes to the service is counted.
        alarm: What wakes its flows.
        held_bytes_limit: How much each direction may hold.
        on_closed: Called once, when both sockets are closed.
    """

    __slots__ = ("_lost", "_on_closed", "far", "near")

    def __init__(
        self, armed: Armed, *, ordinal: int, up: Tally, down: Tally, alarm: Alarm, held_bytes_limit: int, on_closed: Callable[[Relay], None]
    ) -> None:
        self._lost = 0
        self._on_closed = on_closed
        upward = Flow(armed, connection=ordinal, direction="up", held_bytes_limit=held_bytes_limit)
        downward = Flow(armed, connection=ordinal, direction="down", held_bytes_limit=held_bytes_limit)
        self.near = Side(upward, up, alarm, self._one_lost)
        self.far = Side(downward, down, alarm, self._one_lost)
        self.near.peer, self.far.peer = self.far, self.near

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, the service's first."""
        return self.near, self.far

    def cut(self) -> None:
        """End the connection as if the process between its two ends had died; see the header of ``edge``."""
        for side in self.sides:
            side.close(at_once=True)

    def _one_lost(self) -> None:
        self._lost += 1
        if self._lost == len(self.sides):
            self._on_closed(self)
