"""Every ordinal leaves one record, whatever becomes of its request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.history import Operation
from fraiseql_chaos.workload import Target
from fraiseql_chaos.workload.client import GraphQLClient
from fraiseql_chaos.workload.flights import Flights
from fraiseql_chaos.workload.requests import Request

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]

READ = Request(name="ping", kind="query", body=b"{}", expected={"ping": "pong"})
WRITE = replace(READ, name="write", kind="mutation")


async def pong(_request: web.Request) -> web.Response:
    return web.json_response({"data": {"ping": "pong"}})


async def hang(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def fly(target: Target, requests: list[Request], *, in_flight_max: int = 100, drain_ns: int) -> list[Operation]:
    """Launch requests all at once, wait for them as long as told, and return the records by ordinal."""
    origin_ns = now_ns()
    records: list[Operation] = []
    async with GraphQLClient(target, connections_max=in_flight_max, timeout=seconds(20)) as client:
        planned_ns = [n * 1000 for n in range(len(requests))]
        flights = Flights(client, planned_ns=planned_ns, origin_ns=origin_ns, in_flight_max=in_flight_max, record=records.append)
        for ordinal, request in enumerate(requests):
            flights.launch(ordinal, request)
        await flights.drained(origin_ns + drain_ns)
        assert flights.count == 0
    return sorted(records, key=lambda record: record.ordinal)


async def test_an_answered_request_is_recorded_against_the_origin(serve: Serve) -> None:
    before_ns = now_ns()
    (record,) = await fly(await serve(pong), [READ], drain_ns=seconds(10).ns)
    assert (record.ordinal, record.name, record.planned_ns, record.outcome, record.status) == (0, "ping", 0, "ok", 200)
    assert record.sent_ns is not None
    assert 0 <= record.sent_ns < record.done_ns < now_ns() - before_ns


async def test_the_bound_on_requests_in_flight_holds_back_and_says_so(serve: Serve) -> None:
    records = await fly(await serve(hang), [READ] * 3 + [WRITE] * 2, in_flight_max=3, drain_ns=ms(50).ns)
    assert [record.cause for record in records] == ["unfinished"] * 3 + ["not_sent"] * 2
    assert [record.sent_ns for record in records[3:]] == [None, None]
    assert {record.outcome for record in records} == {"fail"}


async def test_what_is_open_at_the_end_is_recorded_with_its_age(serve: Serve) -> None:
    reading, writing = await fly(await serve(hang), [READ, WRITE], drain_ns=ms(150).ns)
    assert (reading.cause, reading.outcome) == ("unfinished", "fail")
    assert (writing.cause, writing.outcome) == ("unfinished", "indeterminate")
    assert reading.latency_ns >= ms(150).ns


async def test_nothing_is_waited_for_when_nothing_is_open(serve: Serve) -> None:
    began_ns = now_ns()
    await fly(await serve(pong), [], drain_ns=seconds(30).ns)
    assert now_ns() - began_ns < seconds(10).ns


async def test_each_request_of_many_leaves_exactly_one_record(serve: Serve) -> None:
    came = 0

    async def every_third_hangs(request: web.Request) -> web.Response:
        nonlocal came
        came += 1
        return await (hang if came % 3 == 0 else pong)(request)

    records = await fly(await serve(every_third_hangs), [READ] * 60, drain_ns=seconds(1.5).ns)
    assert [record.ordinal for record in records] == list(range(60))
    assert sorted(record.cause for record in records) == [""] * 40 + ["unfinished"] * 20


async def test_an_error_of_our_own_is_not_swallowed(serve: Serve) -> None:
    """It reaches the loop's handler, which ends the generator, and not only a log."""
    target = await serve(pong)
    told: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.set_result(context["exception"]))

    def no_room(_record: Operation) -> None:
        raise MemoryError

    async with GraphQLClient(target, connections_max=1, timeout=seconds(5)) as client:
        flights = Flights(client, planned_ns=[0], origin_ns=now_ns(), in_flight_max=1, record=no_room)
        flights.launch(0, READ)
        assert isinstance(await asyncio.wait_for(told, 5), MemoryError)
