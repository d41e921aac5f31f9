"""
An edge: a held port, the connections through it, and the faults that are armed there.

                 accept                connect
    service --> [ door ] --> joining --------> [ relay ] --> server
                   |            `- failed: the service's socket is closed
                   `- shut while a fault refuses: the kernel answers ECONNREFUSED

Accepting never waits for a connect: each connection is joined by a task of its own, and is not read before the server's side stands, so
what the service says early stays in the kernel.

A *cut* closes both sockets and drops what was on its way. It does not set ``SO_LINGER``: the kernel then does exactly what it does for
a process that dies with its sockets open, which is FIN, or RST if bytes lay unread or the other side goes on writing. A connection
that waits in the backlog of a door being shut is reset, also as if the process had died.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.port import HeldPort
from fraiseql_chaos.layers.stream.driver.relay import Relay, Tally
from fraiseql_chaos.layers.stream.engine import Armed
from fraiseql_chaos.layers.stream.faults import StreamFault
from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic
from fraiseql_chaos.layers.stream.model import Address, Direction, TcpAddress, UnixAddress

__all__ = ["Edge"]

ACCEPTS_AT_ONCE: Final = 64
"""How many connections are accepted before other sockets get their turn."""

ACCEPT_AGAIN_S: Final = 0.1
"""How long the door is left alone when the process has run out of file descriptors; nothing else tells that there is one again."""


class Edge:
    """
    Accept connections, join each with one to the server, and bend what passes.

    Args:
        loop: The loop everything runs on.
        alarm: The process's one timer.
        upstream: The server.
        seed: Where the dice of its faults derive from.
        held_bytes_limit: How much each direction of a connection may hold.

    Raises:
        OSError: If no port can be had.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, alarm: Alarm, *, upstream: Address, seed: int, held_bytes_limit: int) -> None:
        self._loop = loop
        self._alarm = alarm
        self._upstream = upstream
        self._held_bytes_limit = held_bytes_limit
        self._armed = Armed(seed)
        self._tallies: dict[Direction, Tally] = {"up": Tally(), "down": Tally()}
        self._relays: set[Relay] = set()
        self._joining: dict[asyncio.Task[None], Relay] = {}
        self._opened = self._failed = self._cut = 0
        self._port = HeldPort()
        self._door: socket.socket | None = None
        self._open_door()

    @property
    def address(self) -> TcpAddress:
        """Where the service connects to."""
        return TcpAddress(host="127.0.0.1", port=self._port.number)

    def arm(self, fault_id: str, fault: StreamFault) -> None:
        """Arm a fault; connections there are meet it at their next chunk, or are cut at once if it refuses."""
        self._armed.arm(fault_id, fault)
        if self._armed.refuses:
            self._shut_door()
            self._cut_all()

    def heal(self, fault_id: str) -> None:
        """Heal a fault; what it held moves on, and the door opens if no other keeps it shut."""
        self._armed.heal(fault_id)
        if self._door is None and not self._armed.refuses:
            self._open_door()
        time_ns = now_ns()
        for relay in tuple(self._relays):
            for side in relay.sides:
                side.renew(time_ns)

    def close(self) -> None:
        """Give the port back and cut every connection."""
        self._shut_door()
        self._cut_all()
        self._port.release()

    def ledger(self) -> Ledger:
        """Return the counts as they are now."""
        return Ledger(
            connections_opened=self._opened,
            connections_failed=self._failed,
            connections_cut=self._cut,
            connections_open=len(self._relays),
            up=self._traffic("up"),
            down=self._traffic("down"),
            delayed_chunks=dict(self._armed.delayed_chunks),
        )

    def _traffic(self, direction: Direction) -> Traffic:
        tally = self._tallies[direction]
        held_bytes = sum((relay.near if direction == "up" else relay.far).flow.held_bytes for relay in self._relays)
        return Traffic(bytes=tally.bytes, chunks=tally.chunks, held_bytes=held_bytes, dropped_bytes=tally.dropped_bytes)

    def _open_door(self) -> None:
        self._door = self._port.listen()
        self._loop.add_reader(self._door, self._accept, self._door)

    def _shut_door(self) -> None:
        if self._door is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None

    def _accept(self, door: socket.socket) -> None:
        if door is not self._door:
            return  # It was shut after the kernel had reported it ready.
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                client, _peer = door.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError:
                self._loop.remove_reader(door)
                self._loop.call_later(ACCEPT_AGAIN_S, self._resume_accepting, door)
                return
            self._admit(client)

    def _resume_accepting(self, door: socket.socket) -> None:
        if door is self._door:
            self._loop.add_reader(door, self._accept, door)

    def _admit(self, client: socket.socket) -> None:
        client.setblocking(False)  # noqa: FBT003  the standard library takes no name here
        relay = Relay(
            self._armed,
            ordinal=self._opened,
            up=self._tallies["up"],
            down=self._tallies["down"],
            alarm=self._alarm,
            held_bytes_limit=self._held_bytes_limit,
            on_closed=self._relays.discard,
        )
        self._opened += 1
        self._relays.add(relay)
        task = self._loop.create_task(self._join(client, relay))
        self._joining[task] = relay
        task.add_done_callback(self._joining.pop)

    async def _join(self, client: socket.socket, relay: Relay) -> None:
        is_joined = False
        try:
            await self._dial(relay)
            await self._loop.connect_accepted_socket(lambda: relay.near, client)
            is_joined = True
        except OSError:
            self._failed += 1
        finally:
            if not is_joined:
                relay.cut()
                client.close()
                self._relays.discard(relay)

    async def _dial(self, relay: Relay) -> None:
        match self._upstream:
            case TcpAddress(host=host, port=port):
                await self._loop.create_connection(lambda: relay.far, host, port)
            case UnixAddress(path=path):
                await self._loop.create_unix_connection(lambda: relay.far, str(path))

    def _cut_all(self) -> None:
        self._cut += len(self._relays)
        for task in tuple(self._joining):
            task.cancel()
        for relay in tuple(self._relays):
            relay.cut()
