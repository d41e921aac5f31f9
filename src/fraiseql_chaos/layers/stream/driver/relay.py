"""
A connection through an edge: two sides, each reading its own socket and writing its peer's.

    service ==> near.socket -- near.flow --> far.socket ==> server
    service <== near.socket <-- far.flow --- far.socket <== server

This is the hot path of the product, and three things keep it short:

* All sides of the process read into one buffer, ``SHARED``. The loop asks for it, reads, and calls ``buffer_updated`` before anything
  else can run; whoever keeps bytes beyond that call copies them.
* Bytes are written to the peer's descriptor at once. The transport's queue takes what the kernel does not, and all that follows while
  any of it waits there, so order is kept.
* A flow is asked one question, whether it is bent. If not, its bytes go straight through.

What ends on one side ends likewise on the other: a half-close passes through and leaves the other direction alive, a reset becomes a
reset. Who does not read makes the other side wait: a side stops reading while its peer's queue, or its own flow, is full.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.engine import Armed, Flow
from fraiseql_chaos.layers.stream.model import Ending, Item

__all__ = ["Relay", "Tally"]

SHARED: Final = memoryview(bytearray(256 * 2**10))
"""Where every socket of the process is read into. A buffer a connection would cost 256 KiB each, and a smaller one more system calls."""

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


class Side(asyncio.BufferedProtocol):
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
        "_is_broken",
        "_is_paused",
        "_is_stuck",
        "_on_lost",
        "_transport",
        "flow",
        "has_finished",
        "peer",
        "tally",
    )

    peer: Side

    def __init__(self, flow: Flow, tally: Tally, alarm: Alarm, on_lost: Callable[[], None]) -> None:
        self.flow = flow
        self.tally = tally
        self.has_finished = False  # The socket was told that no more will come.
        self._alarm = alarm
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._fd = _NO_FD  # Forgotten as soon as the socket is to be closed: the kernel gives the number to the next one.
        self._early: list[Item] = []  # What came for this socket before it was connected.
        self._due_ns = 0
        self._has_ended = False  # The socket said that no more will come.
        self._is_broken = False  # The socket takes nothing any more, but may still have something to say.
        self._is_stuck = False
        self._is_paused = False

    # Called by the loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fd = sock.fileno()
        early, self._early = self._early, []
        for item in early:
            self.receive(item)
        self.peer.throttle()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the loop's guess is of no use: one buffer serves all
        return SHARED

    def buffer_updated(self, nbytes: int) -> None:
        tally = self.tally
        tally.bytes += nbytes
        tally.chunks += 1
        if self.flow.is_bent:
            self._bend(bytes(SHARED[:nbytes]))
        else:
            self.peer.send(SHARED[:nbytes])

    def eof_received(self) -> bool:
        self._has_ended = True
        self._bend(Ending.RESET if self._is_broken else Ending.FIN)
        return True  # The transport stays open for the other direction.

    def pause_writing(self) -> None:
        self._is_stuck = True
        self.peer.throttle()

    def resume_writing(self) -> None:
        self._is_stuck = False
        self.peer.throttle()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self._fd != _NO_FD:  # Otherwise it was closed by us, who know it already.
            self._fd = _NO_FD
            self._has_ended = True
            self._bend(Ending.RESET)
        self._on_lost()

    # Called by its peer, the alarm and the edge.

    def receive(self, item: Item) -> None:
        """Give the socket an item that has arrived for it."""
        match item:
            case bytes():
                self.send(item)
            case _ if self._transport is None:
                self._early.append(item)
            case Ending.FIN:
                self._finish()
            case Ending.RESET:
                self._reset()

    def send(self, data: memoryview | bytes) -> None:
        """Write bytes to the socket, at once if it takes them; their memory may be used again afterwards."""
        if self._fd == _NO_FD or self._is_broken:
            self._keep_or_drop(bytes(data))
            return
        transport = cast("asyncio.Transport", self._transport)
        if not transport.get_write_buffer_size():
            try:
                sent = os.write(self._fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._break(len(data))
                return
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(bytes(data))

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
        if self._fd == _NO_FD or self._has_ended or self._transport is None:
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
        return self._is_stuck or self._transport is None

    def drop(self) -> None:
        """Close the socket, as the kernel closes those of a process that ends, and forget what was on its way from it."""
        self._fd = _NO_FD
        self.tally.dropped_bytes += self.flow.discard()
        self.peer.tally.dropped_bytes += sum(len(item) for item in self._early if isinstance(item, bytes))
        self._early.clear()
        if self._transport is not None:
            self._transport.abort()

    # The rest.

    def _bend(self, item: Item) -> None:
        time_ns = now_ns()
        self.flow.feed(item, time_ns)
        self.pump(time_ns)

    def _keep_or_drop(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
            self.peer.throttle()  # Only now: the loop starts reading a new socket whatever was asked when it was made.
        else:
            self.peer.tally.dropped_bytes += len(data)

    def _break(self, dropped_bytes: int) -> None:
        """Stop writing to a socket its owner has reset; what it had said before is still read, and its end then passed on as a reset."""
        self._is_broken = True
        self.peer.tally.dropped_bytes += dropped_bytes
        if self._has_ended:
            self._bend(Ending.RESET)

    def _finish(self) -> None:
        self.has_finished = True
        if self._fd == _NO_FD:
            return
        transport = cast("asyncio.Transport", self._transport)
        transport.write_eof()
        if self.peer.has_finished:
            self.close()
            self.peer.close()

    def close(self) -> None:
        """Close the socket once what its transport still queues is written."""
        self._fd = _NO_FD
        if self._transport is not None:
            self._transport.close()

    def _reset(self) -> None:
        if self._fd != _NO_FD and self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.drop()
        self.peer.drop()


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
        """End the connection as if the process between its two ends had died: see ``Side.drop``."""
        for side in self.sides:
            side.drop()

    def _one_lost(self) -> None:
        self._lost += 1
        if self._lost == len(self.sides):
            self._on_closed(self)
