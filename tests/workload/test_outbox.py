"""Lines out, in order, never waiting, never without bound."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.history import GeneratorStalled, decode
from fraiseql_chaos.workload.outbox import UNREAD_MAX, Outbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ends() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect a reader to a writer, through the kernel."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=ours)
    reader, far_writer = await asyncio.open_unix_connection(sock=theirs)
    yield reader, writer
    writer.transport.abort()
    far_writer.transport.abort()


async def test_events_and_messages_arrive_in_order(ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    reader, writer = ends
    outbox = Outbox(writer)
    events = [GeneratorStalled(at_ns=n, stall_ns=n) for n in range(3)]
    for event in events:
        outbox.record(event)
    outbox.say({"done": {}})
    lines = [(await asyncio.wait_for(reader.readline(), 5)).decode() for _ in range(4)]
    assert [decode(line, where="here") for line in lines[:3]] == events
    assert json.loads(lines[3]) == {"done": {}}


async def test_nothing_is_written_between_flushes(ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    reader, writer = ends
    outbox = Outbox(writer)
    outbox.record(GeneratorStalled(at_ns=1, stall_ns=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readline(), 0.05)
    outbox.flush()
    assert await asyncio.wait_for(reader.readline(), 5) != b""


async def test_a_runner_that_does_not_read_ends_the_load(ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    _, writer = ends
    outbox = Outbox(writer)
    megabyte = "x" * (1 << 20)
    for _ in range(UNREAD_MAX >> 20):
        outbox.say({"ready": megabyte[:-20]})
    with pytest.raises(RigError, match="does not record them"):
        outbox.say({"ready": megabyte * 3})
