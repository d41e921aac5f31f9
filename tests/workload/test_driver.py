"""The generator's process, spoken to over its protocol."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fraiseql_chaos.core import ms, now_ns, per_second, seconds
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadSpec, Target
from fraiseql_chaos.workload.driver import _allow_descriptors, _first_unforeseen_error

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]

PING = GraphQLOperation(name="ping", document="{ ping }", kind="query", cases=(Case(variables={}, data=None),))


class Runner:
    """A runner that says what a test tells it to."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.process = process
        self.reader = reader
        self.writer = writer

    async def says(self, message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")
        await self.writer.drain()

    async def hears(self) -> Any:
        return json.loads(await asyncio.wait_for(self.reader.readline(), 20))

    async def hears_until(self, key: str, *values: Any) -> Any:
        """Return the first message with a key, or with one of its values; a busy machine may have had stalls to report before it."""
        while True:
            message = await self.hears()
            if key in message and (not values or message[key] in values):
                return message

    async def ends(self) -> tuple[int, str]:
        _, errors = await asyncio.wait_for(self.process.communicate(), 20)
        return self.process.returncode or 0, errors.decode()


async def runner(path: Path) -> Runner:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_unix_server(lambda *streams: connected.set_result(streams), path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fraiseql_chaos.workload.driver", "--control", str(path), stderr=asyncio.subprocess.PIPE
    )
    reader, writer = await asyncio.wait_for(connected, 20)
    server.close()
    return Runner(process, reader, writer)


async def pong(_request: web.Request) -> web.Response:
    return web.json_response({"data": {"ping": "pong"}})


async def test_a_load_that_nobody_records_ends(serve: Serve, lease_root: Path) -> None:
    spec = LoadSpec(target=await serve(pong), operations=(PING,), rate=per_second(20), lasting=seconds(60), seed=1, mark="m")
    us = await runner(lease_root / "control")
    await us.says({"spec": spec.to_json()})
    assert (await us.hears())["ready"]["warm_up"] == [{"name": "ping", "outcome": "ok", "cause": "", "detail": ""}]
    await us.says({"origin_ns": now_ns()})
    await us.hears_until("type", "operation")
    us.writer.close()
    status, errors = await us.ends()
    assert status == 1
    assert "the runner has gone" in errors


async def test_a_runner_that_never_begins_is_not_waited_for_after_it_is_gone(lease_root: Path) -> None:
    us = await runner(lease_root / "control")
    us.writer.close()
    status, errors = await us.ends()
    assert status == 1
    assert "before it sent 'spec'" in errors


async def test_nothing_is_sent_before_it_is_due(serve: Serve, lease_root: Path) -> None:
    arrived: list[int] = []

    async def record(request: web.Request) -> web.Response:
        arrived.append(now_ns())
        return await pong(request)

    spec = LoadSpec(target=await serve(record), operations=(PING,), rate=per_second(50), lasting=ms(100), seed=1, mark="m", warm_up=0)
    us = await runner(lease_root / "control")
    await us.says({"spec": spec.to_json()})
    await us.hears()
    origin_ns = now_ns() + ms(150).ns
    await us.says({"origin_ns": origin_ns})
    told = await us.hears_until("done")
    us.writer.close()
    await us.ends()
    assert len(arrived) == 5
    assert all(at_ns >= origin_ns + n * ms(20).ns for n, at_ns in enumerate(arrived))
    assert told["done"]["requests"] == 5


async def test_a_protocol_that_is_broken_is_refused_in_words(lease_root: Path) -> None:
    us = await runner(lease_root / "control")
    await us.says({"origin_ns": 1})
    assert await us.hears() == {"failed": "the runner should have sent 'spec', and sent origin_ns"}
    us.writer.close()
    await us.ends()


async def test_more_connections_than_the_machine_allows_are_refused_in_words() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine sets no limit on file descriptors")
    with pytest.raises(RigError, match=f"this machine allows {hard}"):
        _allow_descriptors(hard)


async def test_an_unforeseen_error_in_a_callback_ends_the_load() -> None:
    broken = _first_unforeseen_error()
    asyncio.get_running_loop().call_soon(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(broken, 5)
