"""What is asked before a load, and what never is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from fraiseql_chaos.core import per_second, seconds
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadSpec, Target
from fraiseql_chaos.workload.client import GraphQLClient
from fraiseql_chaos.workload.warming import warm_up

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]

READ = GraphQLOperation(name="read", document="{ ping }", kind="query", cases=(Case(variables={}, data={"ping": "pong"}),))
WRITE = GraphQLOperation(name="write", document="mutation { add }", kind="mutation", cases=(Case(variables={}, data=None),))


async def warmed(serve: Serve, operations: tuple[GraphQLOperation, ...], rounds: int) -> tuple[list[str], object]:
    """Return the documents that a service was asked before a load, and what became of them."""
    asked: list[str] = []

    async def record(request: web.Request) -> web.Response:
        asked.append(json.loads(await request.read())["query"])
        return web.json_response({"data": {"ping": "pong"}})

    target = await serve(record)
    spec = LoadSpec(target=target, operations=operations, rate=per_second(1), lasting=seconds(1), seed=1, mark="m", warm_up=rounds)
    async with GraphQLClient(target, connections_max=4, timeout=seconds(5)) as client:
        return asked, await warm_up(client, spec)


async def test_queries_are_asked_and_mutations_are_not(serve: Serve) -> None:
    asked, told = await warmed(serve, (READ, WRITE), 2)
    assert asked == ["{ ping }", "{ ping }"]
    assert told == [{"name": "read", "outcome": "ok", "cause": "", "detail": ""}] * 2


async def test_mutations_alone_are_warmed_up_without_writing(serve: Serve) -> None:
    asked, _ = await warmed(serve, (WRITE,), 1)
    assert asked == ["{ __typename }"]


async def test_a_cold_start_can_be_asked_for(serve: Serve) -> None:
    assert await warmed(serve, (READ,), 0) == ([], [])
