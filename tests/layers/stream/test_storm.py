"""
A thousand connections opened at once, and ten thousand changes of faults while they talk: nothing is lost, nothing hangs, every byte
arrives as it was sent.

Every connection echoes through the proxy, in chunks of its own dice, until the changes are over; then it ends in the ordinary way.
Checksums are taken at three places: what the client sent, what the server received, what the client got back. The faults that come and go
delay, slice and slow down, each on connections of its own choice, and are changed over pipelined commands, because a round trip for each
would measure the test.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from fraiseql_chaos.core import Rolls, dice, ms, us
from fraiseql_chaos.layers.stream.codec import fault_to_json
from fraiseql_chaos.layers.stream.faults import Bandwidth, Latency, Slicer, SlowClose
from fraiseql_chaos.layers.stream.model import Direction, StreamFault, TcpAddress
from fraiseql_chaos.layers.stream.scope import Scope
from layers.stream.edges import Proxy

CONNECTIONS: Final = 1000
CHANGES: Final = 10_000
CHANGES_AT_ONCE: Final = 50
ARMED_AT_MOST: Final = 6
CHUNK_BYTES_MAX: Final = 3000
PAUSE_S: Final = 1
"""Between two chunks of a connection: a thousand a second in all, which leaves the machine time for its other tests."""

DEADLINE_S: Final = 180
"""It takes a fraction of that on two idle processors."""

PAYLOAD: Final = dice(1, "payload").randbytes(2**16)


@dataclass
class Sums:
    """Checksums and lengths of what passed, by connection."""

    sums: dict[int, int] = field(default_factory=dict)
    lengths: Counter[int] = field(default_factory=Counter)

    def add(self, number: int, data: bytes) -> None:
        self.sums[number] = zlib.crc32(data, self.sums.get(number, 0))
        self.lengths[number] += len(data)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: Sums) -> None:
    """Echo until the client has no more to send; its number comes first."""
    number = int.from_bytes(await reader.readexactly(4))
    while data := await reader.read(2**16):
        received.add(number, data)
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def talk(number: int, address: TcpAddress, over: asyncio.Event, sent: Sums, got: Sums) -> None:
    """Send chunks and read them back until it is over, then end, and read the end."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(number.to_bytes(4))
    sizes, turn = Rolls(1, "sizes", number), 0
    while not over.is_set() or not turn:
        size = 1 + int(sizes[turn] * CHUNK_BYTES_MAX)
        chunk = PAYLOAD[turn % 1000 : turn % 1000 + size]
        writer.write(chunk)
        sent.add(number, chunk)
        got.add(number, await reader.readexactly(size))
        turn += 1
        await asyncio.sleep(sizes[turn] * 2 * PAUSE_S)
    writer.write_eof()
    assert await reader.read(1) == b""
    writer.close()
    await writer.wait_closed()


def fault(number: int) -> StreamFault:
    """Return the n-th fault, on connections of its own choice."""
    scope = Scope(toxicity=(1 + number % 5) / 100, from_connection=number % 5 * 50)
    way: Direction = "up" if number // 4 % 2 else "down"
    match number % 4:
        case 0:
            return Latency(delay=ms(1 + number % 9), jitter=ms(1), direction=way, scope=scope)
        case 1:
            return Slicer(average_bytes=300, variation_bytes=200, delay=us(100), direction=way, scope=scope)
        case 2:
            return Bandwidth(rate_bytes_per_s=500_000, direction=way, scope=scope)
        case _:
            return SlowClose(delay=ms(20), direction=way, scope=scope)


async def change(control: str, edge: str) -> list[object]:
    """Arm and heal, so many commands at once as a pipeline, and return every answer that was no success."""
    reader, writer = await asyncio.open_unix_connection(control)
    refused: list[object] = []
    commands: list[dict[str, object]] = []
    for number in range(CHANGES // 2):
        name = f"{number}"
        commands.append({"do": "arm", "edge": edge, "fault_id": name, "fault": fault_to_json(fault(number)), "dice": name})
        healed = number - ARMED_AT_MOST
        commands.append({"do": "heal", "edge": edge, "fault_id": f"{healed}"} if healed >= 0 else {"do": "ping"})
    commands += [{"do": "heal", "edge": edge, "fault_id": f"{number}"} for number in range(CHANGES // 2 - ARMED_AT_MOST, CHANGES // 2)]
    for start in range(0, len(commands), CHANGES_AT_ONCE):
        batch = commands[start : start + CHANGES_AT_ONCE]
        writer.write(b"".join(json.dumps(command).encode() + b"\n" for command in batch))
        answers = [json.loads(await reader.readline()) for _ in batch]
        refused += [answer for answer in answers if "ok" not in answer]
    writer.close()
    return refused


async def storm(proxy: Proxy) -> tuple[list[object], Sums, Sums, Sums]:
    """Return what was refused, and what was sent, received by the server and got back."""
    sent, received, got, over = Sums(), Sums(), Sums(), asyncio.Event()
    server = await asyncio.start_server(lambda r, w: serve(r, w, received), "127.0.0.1", 0, backlog=CONNECTIONS)
    host, port = server.sockets[0].getsockname()
    address = proxy.control.open("storm", upstream=TcpAddress(host=host, port=port), seed=7)
    try:
        async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
            for number in range(CONNECTIONS):
                group.create_task(talk(number, address, over, sent, got))
            refused = await change(str(proxy.path), "storm")
            over.set()
    finally:
        server.close()
    return refused, sent, received, got


def test_a_thousand_connections_survive_ten_thousand_changes(own_proxy: Proxy) -> None:
    refused, sent, received, got = asyncio.run(storm(own_proxy))
    assert refused == []
    assert len(sent.sums) == CONNECTIONS
    assert sent == received == got
    ledger = own_proxy.control.ledger("storm")
    assert (ledger.connections_opened, ledger.connections_failed, ledger.connections_cut) == (CONNECTIONS, 0, 0)
    assert ledger.down.bytes == sum(got.lengths.values()) == ledger.up.bytes - 4 * CONNECTIONS
    assert ledger.up.dropped_bytes == ledger.down.dropped_bytes == ledger.up.held_bytes == ledger.down.held_bytes == 0
    assert {decision for done in ledger.hits.values() for decision in done} == {"delayed", "changed"}
