"""One request against servers that answer well, badly, slowly, partly or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fraiseql_chaos.core import Duration, ms, now_ns, seconds
from fraiseql_chaos.workload import Target
from fraiseql_chaos.workload.answers import Answer
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.requests import Request

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]
type ServeRaw = Callable[[Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]], Awaitable[Target]]

READ = Request(name="ping", kind="query", body=b'{"query":"{ ping }","variables":{}}', expected={"ping": "pong"})
WRITE = replace(READ, kind="mutation")
PONG = b'{"data":{"ping":"pong"}}'


async def ask(target: Target, request: Request = READ, *, timeout: Duration = seconds(5)) -> tuple[Answer, Passage]:  # noqa: ASYNC109  it is the client's
    passage = Passage()
    async with GraphQLClient(target, connections_max=4, timeout=timeout) as client:
        return await client.ask(request, passage), passage


async def pong(_request: web.Request) -> web.Response:
    return web.Response(body=PONG, content_type="application/json")


async def test_a_good_answer_is_timed_from_send_to_end(serve: Serve) -> None:
    before_ns = now_ns()
    answer, passage = await ask(await serve(pong))
    assert answer.outcome == "ok"
    assert passage.sent_ns is not None
    assert before_ns < passage.sent_ns < passage.done_ns < now_ns()
    assert passage.connected


async def test_what_is_sent_is_graphql_over_http_with_the_headers_asked_for(serve: Serve) -> None:
    seen: list[Any] = []

    async def record(request: web.Request) -> web.Response:
        seen.extend([request.headers["Authorization"], request.content_type, await request.read()])
        return await pong(request)

    await ask(replace(await serve(record), headers={"Authorization": "Bearer x"}))
    assert seen == ["Bearer x", "application/json", READ.body]


async def test_connections_are_kept(serve: Serve) -> None:
    ports: list[int] = []

    async def record(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return await pong(request)

    async with GraphQLClient(await serve(record), connections_max=4, timeout=seconds(5)) as client:
        for _ in range(3):
            await client.ask(READ, Passage())
    assert len(ports) == 3
    assert len(set(ports)) == 1


async def test_a_unix_socket_will_do(lease_root: Path) -> None:
    app = web.Application()
    app.router.add_post("/graphql", pong)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(lease_root / "socket")).start()
    answer, _ = await ask(Target(url="http://service/graphql", unix_socket=lease_root / "socket"))
    await runner.cleanup()
    assert answer.outcome == "ok"


async def test_a_refused_connect_never_reached_the_service() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: the kernel refuses, and gives the port to nobody else
        answer, passage = await ask(Target(url=f"http://127.0.0.1:{nobody.getsockname()[1]}/"), WRITE)
    assert (answer.outcome, answer.cause) == ("fail", "connect_failed")
    assert passage.sent_ns is not None
    assert not passage.connected


async def test_a_connect_that_hangs_never_reached_the_service() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):  # they fill the accept queue, and from then on the kernel swallows each SYN
            one.setblocking(False)  # noqa: FBT003  the socket's own signature
            one.connect_ex(full.getsockname())
        answer, _ = await ask(Target(url=f"http://127.0.0.1:{full.getsockname()[1]}/"), WRITE, timeout=ms(150))
    assert (answer.outcome, answer.cause) == ("fail", "connect_failed")
    assert answer.detail == "no connection within 150 ms"


async def test_an_answer_that_does_not_come_is_a_timeout(serve: Serve) -> None:
    async def hang(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    place = await serve(hang)
    began_ns = now_ns()
    answer, passage = await ask(place, WRITE, timeout=ms(150))
    assert (answer.outcome, answer.cause) == ("indeterminate", "timeout")
    assert passage.sent_ns is not None
    # The bound counts from the connect, a moment before the request is sent.
    assert passage.done_ns - began_ns >= ms(150).ns


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PONG[:10])


async def cut_chunk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + PONG[:10])


async def nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close, and say nothing."""


@pytest.mark.parametrize("breaking", [reset, half, cut_chunk, nothing])
async def test_a_connection_that_breaks_leaves_a_mutation_in_doubt(serve_raw: ServeRaw, breaking: Any) -> None:
    target = await serve_raw(breaking)
    read, _ = await ask(target)
    write, _ = await ask(target, WRITE)
    assert (read.outcome, read.cause) == ("fail", "connection_lost")
    assert (write.outcome, write.cause) == ("indeterminate", "connection_lost")
    assert write.detail != ""


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02 this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n" + PONG,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_garbage_is_told_from_silence(serve_raw: ServeRaw, garbage: bytes) -> None:
    async def answer_garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        await writer.drain()

    answer, _ = await ask(await serve_raw(answer_garbage))
    assert (answer.outcome, answer.cause) == ("fail", "malformed_answer")


async def test_an_answer_without_end_is_cut(serve: Serve) -> None:
    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        chunk = b" " * (1 << 20)
        with suppress(ConnectionError):
            while True:
                await response.write(chunk)
        return response

    answer, _ = await ask(await serve(pour))
    assert answer.cause == "malformed_answer"
    assert "more than 16777216 bytes" in answer.detail


async def test_nothing_is_sent_twice_and_no_redirect_is_followed(serve_raw: ServeRaw) -> None:
    requests: list[None] = []

    async def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(None)
        if len(requests) > 1:
            writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /graphql\r\nContent-Length: 0\r\n\r\n")

    target = await serve_raw(count)
    lost, _ = await ask(target, WRITE)
    redirected, _ = await ask(target)
    assert (lost.cause, redirected.cause, redirected.status) == ("connection_lost", "http_error", 307)
    assert len(requests) == 2


async def test_more_connections_than_requests_are_never_waited_for(serve: Serve) -> None:
    """As many requests as the client was made for are all with the service at the same time."""
    there: list[None] = []
    all_there = asyncio.Event()

    async def wait_for_all(request: web.Request) -> web.Response:
        there.append(None)
        if len(there) == 200:
            all_there.set()
        await all_there.wait()
        return await pong(request)

    async with GraphQLClient(await serve(wait_for_all), connections_max=200, timeout=seconds(10)) as client:
        answers = await asyncio.gather(*(client.ask(READ, Passage()) for _ in range(200)))
    assert {answer.outcome for answer in answers} == {"ok"}
