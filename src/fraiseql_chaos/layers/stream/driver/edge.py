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
import contextlib
import socket
from collections import defaultdict
from typing import Protocol

from fraiseql_chaos.core import JsonObject, now_ns
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.armed import Armed, MakeToxic, make_toxic
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.door import Doorway
from fraiseql_chaos.layers.stream.driver.encryption import End
from fraiseql_chaos.layers.stream.driver.port import HeldPort
from fraiseql_chaos.layers.stream.driver.relay import Relay, Tally
from fraiseql_chaos.layers.stream.engine import Conversation, Reader
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic
from fraiseql_chaos.layers.stream.model import DIRECTIONS, Address, Direction, StreamFault, TcpAddress, UnixAddress

__all__ = ["Edge", "Reading"]


class Reading(Protocol):
    """What follows every connection of an edge from its first byte, and keeps a record of its own."""

    def reader(self, connection: int) -> Reader:
        """Return what follows a connection, by its ordinal."""
        ...

    def forget(self, connection: int) -> None:
        """Follow a connection no more: it has closed."""
        ...

    def ends(self) -> tuple[End | None, End | None, bytes]:
        """Return the encryption that ends at the two sockets of a new connection, the service's first, and what the server is told first of all."""
        ...

    def certificate(self) -> str:
        """Return the certificate that clients must trust, as PEM; empty if no encryption ends here."""
        ...

    def check(self, fault: StreamFault) -> None:
        """
        Tell whether a fault can be armed now.

        Raises:
            DeclarationError: If it cannot act on what passes here.
        """
        ...

    def record(self) -> JsonObject:
        """Return what it has written down."""
        ...


class Edge:
    """
    Accept connections, join each with one to the server, and bend what passes.

    Args:
        loop: The loop everything runs on.
        alarm: The process's one timer.
        upstream: The server; may be set anew, and then holds for connections opened from then on.
        seed: Where the dice of its faults derive from.
        held_bytes_limit: How much each direction of a connection may hold.
        listen: Address and port to listen on; port 0 lets the kernel choose.
        make_toxic: Makes a fault act on a connection.
        reading: What follows each connection from its first byte; None if nobody reads what passes.
        one_by_one: Whether a connection waits until the one in front of it is joined, as where one loop both accepts and connects; kept for
            comparing with proxies that do, because one upstream that does not answer then keeps everybody waiting.

    Raises:
        OSError: If no port can be had.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        alarm: Alarm,
        *,
        upstream: Address,
        seed: int,
        held_bytes_limit: int,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        make_toxic: MakeToxic = make_toxic,
        reading: Reading | None = None,
        one_by_one: bool = False,
    ) -> None:
        self._loop = loop
        self._alarm = alarm
        self.upstream = upstream
        self._held_bytes_limit = held_bytes_limit
        self._reading = reading
        self._armed = Armed(seed, make_toxic=make_toxic)
        self._closed: dict[Direction, Tally] = {"up": Tally(), "down": Tally()}
        self._relays: dict[int, Relay] = {}
        self._joining: dict[asyncio.Task[None], Relay] = {}
        self._turn: contextlib.AbstractAsyncContextManager[None] = asyncio.Lock() if one_by_one else contextlib.nullcontext()
        self._opened = self._failed = self._cut = 0
        self._is_enabled = True
        self._port = HeldPort(*listen)
        self._door = Doorway(loop, self._port, self._admit)
        self._door.turn("open")

    @property
    def address(self) -> TcpAddress:
        """Where the service connects to."""
        return TcpAddress(host=self._port.host, port=self._port.number)

    @property
    def is_enabled(self) -> bool:
        """Whether connections are let in at all; see ``disable``."""
        return self._is_enabled

    def arm(self, fault_id: str, fault: StreamFault, *, name: str | None = None) -> None:
        """
        Arm a fault; connections there are meet it at their next chunk, or at once if it acts without one.

        Args:
            fault_id: What it is called here.
            fault: The fault.
            name: What its dice are called; the id if there is no name that depends less on the neighbours.

        Raises:
            DeclarationError: If the id is armed already, or the fault needs a reader that is not there or cannot read what passes.
        """
        self._check(fault)
        self._armed.arm(fault_id, fault, name=fault_id if name is None else name, now_ns=now_ns(), present=tuple(self._relays), upcoming=self._opened)
        self._turn_door()
        if fault.acts_at_once:
            self._renew_hit(fault_id)

    def replace(self, fault_id: str, fault: StreamFault) -> None:
        """
        Put a fault in the place of another, which is healed by that.

        Raises:
            DeclarationError: If no fault with this id is armed, or the fault needs a reader that is not there.
        """
        self._check(fault)
        under = self._under(fault_id)
        self._armed.replace(fault_id, fault, now_ns=now_ns(), present=tuple(self._relays), upcoming=self._opened)
        self._turn_door()
        self._renew(under)
        if fault.acts_at_once:
            self._renew_hit(fault_id)

    def heal(self, fault_id: str) -> None:
        """Heal a fault; what it held moves on, and the door opens if no other keeps it shut."""
        under = self._under(fault_id)
        self._armed.heal(fault_id)
        self._turn_door()
        self._renew(under)

    def disable(self) -> None:
        """Let nobody in and cut every connection, until it is enabled."""
        self._is_enabled = False
        self._turn_door()

    def enable(self) -> None:
        """Let connections in again."""
        self._is_enabled = True
        self._turn_door()

    def close(self) -> None:
        """Give the port back and cut every connection."""
        self.disable()
        self._port.release()

    def ledger(self) -> Ledger:
        """Return the counts as they are now."""
        hits: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (fault_id, decision), count in self._armed.hits.counts.items():
            hits[fault_id][decision] = count
        return Ledger(
            connections_opened=self._opened,
            connections_failed=self._failed,
            connections_cut=self._cut,
            connections_open=len(self._relays),
            up=self._traffic("up"),
            down=self._traffic("down"),
            hits=dict(hits),
        )

    def hits(self, since: int = 0) -> list[Hit]:
        """Return what the faults did, from the given place in the list of what was kept."""
        return self._armed.hits.kept[since:]

    def record(self) -> JsonObject:
        """Return what the reading has written down; empty if nobody reads what passes."""
        return {} if self._reading is None else self._reading.record()

    def certificate(self) -> str:
        """Return the certificate that clients must trust, as PEM; empty if no encryption ends here."""
        return "" if self._reading is None else self._reading.certificate()

    def _check(self, fault: StreamFault) -> None:
        if self._reading is not None:
            self._reading.check(fault)
        elif fault.layer == "wire":
            raise DeclarationError(
                f"{fault.kind} is placed on messages, and this edge reads none of what passes; open it with the protocol 'postgresql'; nothing was armed"
            )

    def _under(self, fault_id: str) -> list[Relay]:
        """Return the connections that a fault is at work on."""
        return [relay for relay in self._relays.values() if (relay.talk.stages or relay.talk.reader) and relay.talk.is_under(fault_id)]

    def _renew_hit(self, fault_id: str) -> None:
        """Let the connections that a fault hits meet it now."""
        self._renew([relay for ordinal, relay in self._relays.items() if self._armed.hits_connection(fault_id, ordinal)])

    def _renew(self, relays: list[Relay]) -> None:
        """Let connections learn of a change now; every other learns of it at its next chunk."""
        time_ns = now_ns()
        for relay in relays:
            relay.renew(time_ns)

    def _turn_door(self) -> None:
        state = self._armed.door if self._is_enabled else "shut"
        self._door.turn(state, accept_delay=self._armed.accept_delay)
        if state == "shut":
            self._cut_all()

    def _traffic(self, direction: Direction) -> Traffic:
        total, held_bytes = Tally(), 0
        total.add(self._closed[direction])
        for relay in self._relays.values():
            total.add(relay.tally(direction))
            held_bytes += relay.talk.held_bytes(direction)
        return Traffic(
            bytes=total.bytes, chunks=total.chunks, held_bytes=held_bytes, dropped_bytes=total.dropped_bytes, added_bytes=total.added_bytes
        )

    def _admit(self, client: socket.socket) -> None:
        ordinal = self._opened
        reader = None if self._reading is None else self._reading.reader(ordinal)
        talk = Conversation(self._armed, connection=ordinal, held_bytes_limit=self._held_bytes_limit, reader=reader)
        near, far, greeting = (None, None, b"") if self._reading is None else self._reading.ends()
        relay = Relay(talk, ordinal=ordinal, alarm=self._alarm, on_closed=self._forget, ends=(near, far), greeting=greeting)
        self._opened += 1
        self._relays[ordinal] = relay
        task = self._loop.create_task(self._join(client, relay))
        self._joining[task] = relay
        task.add_done_callback(self._joining.pop)

    async def _join(self, client: socket.socket, relay: Relay) -> None:
        is_joined = False
        try:
            await self._dial(relay)
            await self._loop.connect_accepted_socket(lambda: relay.near, client)
            is_joined = True
            relay.renew(now_ns())  # What acts without a chunk acts from here on.
        except OSError:
            self._failed += 1
        finally:
            if not is_joined:
                relay.cut()
                client.close()
                self._forget(relay)

    async def _dial(self, relay: Relay) -> None:
        async with self._turn:
            match self.upstream:
                case TcpAddress(host=host, port=port):
                    await self._loop.create_connection(lambda: relay.far, host, port)
                case UnixAddress(path=path):
                    await self._loop.create_unix_connection(lambda: relay.far, str(path))

    def _forget(self, relay: Relay) -> None:
        if self._relays.pop(relay.ordinal, None) is not None:
            for direction in DIRECTIONS:
                self._closed[direction].add(relay.tally(direction))
            if self._reading is not None:
                self._reading.forget(relay.ordinal)

    def _cut_all(self) -> None:
        self._cut += len(self._relays)
        for task in tuple(self._joining):
            task.cancel()
        for relay in tuple(self._relays.values()):
            relay.cut()
