"""
A relay of a few lines around the engine, for conversations of real clients with a real server.

It is the test's own and not the product's: every chunk goes through ``watch`` or ``pass_on``, cut into pieces of ``piece`` bytes if that is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.layers.stream.model import Direction, Ending, Item, Origin, Passed
from fraiseql_chaos.layers.wire.engine import WireReader
from fraiseql_chaos.layers.wire.ledger import WireLedger
from fraiseql_chaos.layers.wire.model import WireFault
from fraiseql_chaos.layers.wire.tls import TlsEnd

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, eq=False)
class Armed:
    """A fault that is armed."""

    fault_id: str
    fault: WireFault
    name: str = "fault"
    armed_ns: int = 0


@dataclass(kw_only=True)
class Joined:
    """One connection through the relay."""

    reader: WireReader
    writers: dict[Direction, asyncio.StreamWriter]
    end: TlsEnd | None = None
    arrived: dict[Direction, tuple[int, int]] = field(default_factory=lambda: {"up": (0, 0), "down": (0, 0)})

    def feed(self, direction: Direction, item: Item) -> None:
        ordinal, offset = self.arrived[direction]
        size = len(item) if isinstance(item, bytes) else 0
        self.arrived[direction] = (ordinal + 1, offset + size)
        if not self.reader.is_engaged and isinstance(item, bytes):
            ending = self.reader.watch(direction, item)
            self.hand_over([Passed(0, item if ending is None else ending, Origin(direction, ordinal, offset))])
        else:
            self.hand_over(self.reader.pass_on(item, Origin(direction, ordinal, offset), now_ns()))
        self.wait()

    def hand_over(self, passes: Iterable[Passed]) -> None:
        for _, item, origin in passes:
            writer = self.writers[origin.direction]
            if isinstance(item, bytes):
                writer.write(item if self.end is None or origin.direction == "up" else self.end.wrap(item))
            elif item is Ending.FIN:
                with contextlib.suppress(OSError):  # It may be closed already.
                    writer.write_eof()
            else:
                for each in self.writers.values():
                    each.close()

    def wait(self) -> None:
        due_ns = self.reader.due_ns
        if due_ns is not None:
            asyncio.get_running_loop().call_later(max(0, due_ns - now_ns()) / 1e9 + 0.001, self.wake)

    def wake(self) -> None:
        self.hand_over(self.reader.take(now_ns()))


@dataclass(kw_only=True)
class Relay:
    """Where clients connect, and what is armed there."""

    port: int = 0
    piece: int | None = None
    context: ssl.SSLContext | None = None
    ledger: WireLedger = field(default_factory=WireLedger)
    joined: list[Joined] = field(default_factory=list)
    armed: list[Armed] = field(default_factory=list)
    ids: Iterable[int] = field(default_factory=count)

    def arm(self, fault: WireFault) -> str:
        fault_id = f"{len(self.armed)}-{fault.kind}-{now_ns()}"
        self.armed.append(Armed(fault_id=fault_id, fault=fault))
        self._aim()
        return fault_id

    def heal(self) -> None:
        self.armed.clear()
        self._aim()

    def _aim(self) -> None:
        for joined in self.joined:
            joined.hand_over(joined.reader.aim(self.armed, now_ns()))

    async def serve(self, upstream_port: int, near: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        far = await asyncio.open_connection(LOOPBACK, upstream_port)
        reader = WireReader(connection=len(self.joined), seed=7, ledger=self.ledger)
        end = None if self.context is None else TlsEnd.towards_client(self.context)
        joined = Joined(reader=reader, writers={"up": far[1], "down": near[1]}, end=end)
        self.joined.append(joined)
        joined.hand_over(reader.aim(self.armed, now_ns()))
        try:
            await asyncio.gather(self._pump(joined, "up", near[0]), self._pump(joined, "down", far[0]))
        finally:
            for _, writer in (near, far):
                writer.close()

    async def _pump(self, joined: Joined, direction: Direction, source: asyncio.StreamReader) -> None:
        try:
            while data := await source.read(2**16):
                if joined.end is not None and direction == "up":
                    data, answer = joined.end.feed(data)
                    joined.writers["down"].write(answer)
                size = self.piece or len(data) or 1
                for at in range(0, len(data), size):
                    joined.feed(direction, data[at : at + size])
                await joined.writers[direction].drain()
            joined.feed(direction, Ending.FIN)
        except ConnectionError:
            joined.feed(direction, Ending.RESET)


@asynccontextmanager
async def relaying(upstream_port: int, *, piece: int | None = None, context: ssl.SSLContext | None = None) -> AsyncIterator[Relay]:
    """Run a relay for the length of the block."""
    relay = Relay(piece=piece, context=context)
    tasks: set[asyncio.Task[None]] = set()

    def admit(*near: object) -> None:
        task = asyncio.create_task(relay.serve(upstream_port, near))  # type: ignore[arg-type]  # the two streams
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(admit, LOOPBACK, 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
