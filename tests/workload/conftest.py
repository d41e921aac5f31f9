"""The list of fixture files, one subject each, and the fixtures of this folder: real servers, well and unwell, and real loads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from fraiseql_chaos.core import ms, now_ns
from fraiseql_chaos.history import Event
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload import LoadGenerator, LoadSpec, Target

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[Target]]]:
    """Serve a handler at ``/graphql`` of a port of the kernel's choice."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> Target:
        app = web.Application()
        app.router.add_post("/graphql", handler)
        # A handler that hangs on purpose must not hold up the end of its test.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return Target(url=f"http://127.0.0.1:{runner.addresses[0][1]}/graphql")

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def serve_raw() -> AsyncIterator[Callable[[Raw], Awaitable[Target]]]:
    """Serve bytes instead of HTTP, once a request's head and body have been read."""
    servers: list[asyncio.Server] = []

    async def start(answer: Raw) -> Target:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}}")
            await answer(reader, writer)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        servers.append(server)
        return Target(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql")

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def keeper(lease_root: Path) -> Iterator[Keeper]:
    """Hold a lease of the test's own."""
    assert lease_root.is_dir()
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture
async def generator(keeper: Keeper) -> AsyncIterator[Callable[[LoadSpec], Awaitable[LoadGenerator]]]:
    """Start generators that end with the test."""
    started: list[LoadGenerator] = []

    async def start(spec: LoadSpec) -> LoadGenerator:
        started.append(await LoadGenerator.start(keeper, directory=keeper.directory, spec=spec))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def run_load(generator: Callable[[LoadSpec], Awaitable[LoadGenerator]]) -> Callable[[LoadSpec], Awaitable[list[Event]]]:
    """Run a load from start to end and return its events."""

    async def run(spec: LoadSpec) -> list[Event]:
        started = await generator(spec)
        await started.begin(now_ns() + ms(50).ns)
        return [event async for event in started.events()]

    return run
