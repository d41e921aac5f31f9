"""A crowd stays as large as asked, keeps account of what it asked, and goes home when it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload import Target
from fraiseql_chaos.workload.crowd import PAUSE, Crowd
from fraiseql_chaos.workload.model import Case, GraphQLOperation

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]

PING = GraphQLOperation(name="ping", document="query Ping { ping }", kind="query", cases=(Case(variables={}, data={"ping": "pong"}),))
WRITE = GraphQLOperation(name="write", document="mutation Write { write }", kind="mutation", cases=(Case(variables={}, data={"write": "done"}),))
WITHIN = seconds(10)


class Desk:
    """Answers rightly when told to, and knows how many wait for that."""

    def __init__(self, body: bytes = b'{"data":{"ping":"pong"}}') -> None:
        self.body = body
        self.open = asyncio.Event()
        self.waiting = self.most = self.answered = 0

    async def answer(self, _request: web.Request) -> web.Response:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.open.wait()
        self.waiting, self.answered = self.waiting - 1, self.answered + 1
        return web.Response(body=self.body, content_type="application/json")


async def until(condition: Callable[[], bool]) -> None:
    _: bool = await wait_until(condition, within=WITHIN, what="it")


async def test_it_is_as_large_as_asked_and_asks_again_as_soon_as_it_is_answered(serve: Serve) -> None:
    desk = Desk()
    crowd = Crowd(await serve(desk.answer), [PING])
    async with crowd.crowded("ping", 7):
        await until(lambda: desk.waiting == 7)
        desk.open.set()
        await until(lambda: desk.answered >= 30)
    assert desk.most == 7
    assert desk.waiting == 0, "who was called back is waited for"
    asked = list(crowd.asked(since_ns=0))
    assert len(asked) == desk.answered
    assert all(sample.ok and sample.probe == "crowd" and sample.began_ns < sample.at_ns for sample in asked)


async def test_its_account_begins_where_it_is_wanted(serve: Serve) -> None:
    desk = Desk()
    desk.open.set()
    crowd = Crowd(await serve(desk.answer), [PING])
    async with crowd.crowded("ping", 1):
        await until(lambda: desk.answered > 0)
    assert list(crowd.asked(since_ns=now_ns())) == []


async def test_a_service_that_refuses_is_not_hammered(serve: Serve) -> None:
    """Two clients that are refused at once pause between their requests."""
    desk = Desk(b'{"errors":[{"message":"too many requests"}],"data":null}')
    desk.open.set()
    crowd = Crowd(await serve(desk.answer), [PING])
    async with crowd.crowded("ping", 2):
        await until(lambda: desk.answered >= 6)
    asked = list(crowd.asked(since_ns=0))
    assert {sample.error for sample in asked} == {"graphql_error: too many requests"}
    assert asked[-1].at_ns - asked[0].at_ns >= 2 * PAUSE.ns


async def test_who_is_not_answered_hangs_up_at_last(serve: Serve) -> None:
    desk = Desk()
    crowd = Crowd(await serve(desk.answer), [PING], leave_within=ms(50))
    async with crowd.crowded("ping", 3):
        await until(lambda: desk.waiting == 3)
    assert [sample.error for sample in crowd.asked(since_ns=0)] == ["hung up before there was an answer"] * 3
    desk.open.set()


@pytest.mark.parametrize(
    ("operation", "in_flight", "error"),
    [
        ("pong", 1, "the workload has no operation 'pong'; it has ping, write; nothing was armed"),
        ("write", 1, "write writes, and nobody would account for what a crowd writes"),
        ("ping", 0, "a crowd of 0 is not possible; it has 1 to 1000 clients"),
        ("ping", 1001, "a crowd of 1001 is not possible"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anybody_is_sent(operation: str, in_flight: Any, error: str) -> None:
    crowd = Crowd(Target(url="http://127.0.0.1:1/graphql"), [PING, WRITE])
    with pytest.raises(DeclarationError, match=error):
        crowd.crowded(operation, in_flight)
