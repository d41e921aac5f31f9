"""
A connection through an edge: two sides, each reading its own socket and writing its peer's.

    service ==> near.socket --- up --> [ conversation ] -- up ---> far.socket ==> server
    service <== near.socket <- down -- [   (engine)   ] <-- down - far.socket <== server

This is the hot path of the product, and three things keep it short:

* The loop reads every socket into one buffer of its own and hands over a copy of what came, so a connection owns no buffer, and what is
  held back needs no second copy. Reading into a shared buffer of ours would spare that copy: 10 % more bulk throughput, but a call more
  for each chunk, which small answers pay for.
* Bytes are written to the peer's descriptor at once. The transport's queue takes what the kernel does not, and all that follows while
  any of it waits there, so order is kept. Its high-water mark is 0, so the loop itself says when it begins to wait and when all is gone.
* Two integers are compared to learn that nothing was armed or healed since the last chunk. Unless a fault bends the conversation, its
  bytes go straight through.

What ends on one side ends likewise on the other: a half-close passes through and leaves the other direction alive, a reset becomes a
reset. Who does not read makes the other side wait: a side stops reading while its peer's queue, or its own direction, is full.
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
from fraiseql_chaos.layers.stream.driver.encryption import End
from fraiseql_chaos.layers.stream.engine import Conversation
from fraiseql_chaos.layers.stream.model import Direction, Ending, Item, Origin

__all__ = ["Relay", "Tally"]

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``struct linger`` with a time of 0: closing sends RST and drops what is unsent (socket(7))."""

_NO_FD: Final = -1


class Tally:
    """What arrived one way, what of it nobody will ever get, and what was added to it."""

    __slots__ = ("added_bytes", "bytes", "chunks", "dropped_bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self.chunks = 0
        self.dropped_bytes = 0
        self.added_bytes = 0

    def add(self, other: Tally) -> None:
        """Add another's counts to these."""
        self.bytes += other.bytes
        self.chunks += other.chunks
        self.dropped_bytes += other.dropped_bytes
        self.added_bytes += other.added_bytes


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
    One socket of a connection: reads it, and hands what it read to its peer through the conversation.

    Args:
        relay: The connection.
        direction: Which way goes what is read here.
        end: The encryption that ends at this socket; None if there is none.
    """

    __slots__ = (
        "_early",
        "_end",
        "_fd",
        "_has_ended",
        "_has_finished",
        "_has_transport",
        "_is_paused",
        "_relay",
        "_state",
        "_talk",
        "_transport",
        "direction",
        "peer",
        "tally",
    )

    peer: Side
    _transport: asyncio.Transport

    def __init__(self, relay: Relay, direction: Direction, end: End | None) -> None:
        self.direction: Direction = direction
        self.tally = Tally()
        self._relay = relay
        self._talk = relay.talk
        self._end = end
        self._has_transport = False
        self._state = State.CONNECTING
        self._fd = _NO_FD  # The descriptor while bytes may be written to it past the transport, and only then.
        self._early: list[Item] = []
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
            if isinstance(item, bytes):
                self.write(item)  # What had to be said in encryption was, when it was kept.
            else:
                self.receive(item)
        self.peer.throttle()

    def data_received(self, data: bytes) -> None:
        if self._end is not None and not (data := self._decrypted(self._end, data)):
            return
        tally, talk = self.tally, self._talk
        if talk.stages or talk.epoch != talk.armed.epoch or (talk.reader is not None and talk.reader.is_engaged):
            self._bend(data)
        else:
            self.peer.send(data)
            # Read behind the send: while the peer is at work on it. What cannot be read has left then, but nothing follows it.
            if talk.reader is not None and (ending := talk.reader.watch(self.direction, data)) is not None:
                self.peer.receive(ending)
        tally.bytes += len(data)
        tally.chunks += 1

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
        self._relay.one_lost()

    # Its peer and the relay call these.

    def send(self, data: bytes) -> None:
        """Say bytes to the socket's other end, at once if it takes them."""
        if self._end is None:
            self.write(data)
        elif words := self._end.wrap(data):
            self.write(words)

    def write(self, data: bytes) -> None:
        """Write bytes to the socket as they are, at once if it takes them."""
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
            self._early.append(item)  # Endings travel behind the bytes, also here; and a socket that is not there yet cannot be reset.
        elif item is Ending.RESET:
            self._relay.reset()
        elif item is Ending.CUT:
            self._relay.cut()
        elif item is Ending.LOST:
            self._reset()
        else:
            self._finish()

    def throttle(self) -> None:
        """Read on, or stop reading, by whether what is read can go anywhere."""
        if self._has_ended or self._state in {State.CONNECTING, State.CLOSED}:
            return
        must_wait = self._talk.is_full(self.direction) or self.peer.is_blocked
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

    def arm_reset(self) -> None:
        """Let the kernel send an RST when the socket is closed, and drop what is unsent."""
        if self._has_transport and self._state is not State.CLOSED:
            sock = self._transport.get_extra_info("socket")
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def close(self, *, at_once: bool) -> None:
        """
        Close the socket, and drop what was on its way from it.

        Args:
            at_once: Whether to drop, too, what its transport still has to write to it.
        """
        self.tally.dropped_bytes += self._talk.discard(self.direction)
        self._shut(at_once=at_once)

    # The rest.

    def _shut(self, *, at_once: bool) -> None:
        self._state, self._fd = State.CLOSED, _NO_FD
        self.peer.tally.dropped_bytes += sum(len(item) for item in self._early if isinstance(item, bytes))
        self._early.clear()
        if not self._has_transport:
            return
        if at_once:
            self._transport.abort()
        else:
            self._transport.close()

    def _bend(self, item: Item) -> None:
        time_ns = now_ns()
        self._talk.feed(item, Origin(self.direction, self.tally.chunks, self.tally.bytes), time_ns)
        self._relay.pump(time_ns)

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

    def _decrypted(self, end: End, data: bytes) -> bytes:
        """Return what the bytes mean, and say back what that takes."""
        heard = end.feed(data)
        if heard.answer:
            self.write(heard.answer)
        if end.failure:
            self._relay.cut()
            return b""
        return heard.plaintext

    def _finish(self) -> None:
        self._has_finished = True
        if self._end is not None and self._state is State.OPEN and (words := self._end.goodbye()):
            self.write(words)
        if self._state is State.OPEN:
            self._transport.write_eof()
        if self.peer._has_finished or self._state is State.CLOSED:  # noqa: SLF001  the peer is one of us
            self.close(at_once=False)
            self.peer.close(at_once=False)

    def _reset(self) -> None:
        """Reset this socket alone; what its peer says from now on has nowhere to go."""
        self.arm_reset()
        self._shut(at_once=True)
        self.peer.throttle()


class Relay:
    """
    Two sides joined: ``near`` has the service at its other end, ``far`` the server.

    Args:
        talk: The engine of the connection.
        ordinal: Which of the edge's connections it is, from 0.
        alarm: What wakes it when something is due.
        on_closed: Called once, when both sockets are closed.
        ends: The encryption that ends at the service's socket and at the server's.
        greeting: What is said to the server before anything else.
    """

    __slots__ = ("_alarm", "_due_ns", "_lost", "_on_closed", "far", "near", "ordinal", "talk")

    def __init__(
        self,
        talk: Conversation,
        *,
        ordinal: int,
        alarm: Alarm,
        on_closed: Callable[[Relay], None],
        ends: tuple[End | None, End | None] = (None, None),
        greeting: bytes = b"",
    ) -> None:
        self.ordinal = ordinal
        self.talk = talk
        self._alarm = alarm
        self._due_ns = 0
        self._lost = 0
        self._on_closed = on_closed
        self.near, self.far = Side(self, "up", ends[0]), Side(self, "down", ends[1])
        self.near.peer, self.far.peer = self.far, self.near
        if greeting:
            self.far.write(greeting)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, the service's first."""
        return self.near, self.far

    def tally(self, direction: Direction) -> Tally:
        """Return the counts of one direction, what toxics added and swallowed among them."""
        counted = Tally()
        counted.add((self.near if direction == "up" else self.far).tally)
        counted.added_bytes += self.talk.added_bytes[direction]
        counted.dropped_bytes += self.talk.dropped_bytes[direction]
        return counted

    def pump(self, time_ns: int) -> None:
        """Hand over what is due by now, and have the alarm call again for the rest."""
        for direction, item in self.talk.take(time_ns):
            (self.far if direction == "up" else self.near).receive(item)
        due_ns = self.talk.due_ns
        if due_ns is not None and due_ns != self._due_ns:
            self._due_ns = due_ns
            self._alarm.call_at(due_ns, self.pump)
        self.near.throttle()
        self.far.throttle()

    def renew(self, time_ns: int) -> None:
        """Meet what was armed, and let go of what healed faults still hold; without this call it happens at the next chunk."""
        self.talk.renew(time_ns)
        self.pump(time_ns)

    def cut(self) -> None:
        """End the connection as if the process between its two ends had died; see the header of ``edge``."""
        for side in self.sides:
            side.close(at_once=True)

    def reset(self) -> None:
        """End the connection with an RST to whoever is still there."""
        for side in self.sides:
            side.arm_reset()
        self.cut()

    def one_lost(self) -> None:
        """Note that one of the two sockets is closed."""
        self._lost += 1
        if self._lost == len(self.sides):
            self._on_closed(self)
