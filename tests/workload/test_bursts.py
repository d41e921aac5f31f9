"""Closed-loop bursts through the real process, against a small server that says how many it had at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from fraiseql_chaos.errors import DeclarationError, RigError, ServiceError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload import GraphQLOperation
from fraiseql_chaos.workload.bursts import Burst, BurstGenerator
from fraiseql_chaos.workload.model import UNIQUE, Case
from fraiseql_chaos.workload.spec import Target

pytestmark = pytest.mark.anyio


@dataclass
class Endpoint:
    """Answers with what it was asked, ``together`` at a time if so many come."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    now: int = 0
    most: int = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        variables = (await request.json())["variables"]
        self.asked.append(variables["key"])
        # A turn of the loop: whoever else is on the way arrives meanwhile.
        await asyncio.sleep(0)
        self.now -= 1
        return web.Response(text=json.dumps({"data": {"echo": "no" if variables["key"] == "wrong" else variables["key"]}}))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    runner = web.ServerRunner(web.Server(made.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    yield made
    await runner.cleanup()


def operation(*keys: str) -> GraphQLOperation:
    cases = tuple(Case(variables={"key": key}, data={"echo": key}) for key in keys)
    return GraphQLOperation(name="echo", document="query Echo($key: String!) { echo(key: $key) }", kind="query", cases=cases)


def burst(*keys: str, in_flight: int = 1, requests: int = 6, warm_up: int = 2, first: int = 0) -> Burst:
    return Burst(operation=operation(*keys), in_flight=in_flight, requests=requests, warm_up=warm_up, seed=3, first=first, mark="m")


async def test_a_burst_asks_every_case_in_turn_and_measures_all_but_its_warm_up(endpoint: Endpoint, tmp_path: Path) -> None:
    with Keeper.start() as keeper:
        async with await BurstGenerator.start(keeper, directory=tmp_path, target=Target(url=endpoint.url), connections=1) as generator:
            result = await generator.run(burst("a", "b", "c", "d"))
    assert result.sent == 8
    assert len(result.latencies_ms) == 6
    assert sorted(endpoint.asked[:4]) == sorted(endpoint.asked[4:]) == ["a", "b", "c", "d"]
    assert sum(result.latencies_ms) <= result.lasted_s * 1000
    assert min(result.latencies_ms) > 0


async def test_what_is_in_flight_is_bounded_and_reached(endpoint: Endpoint, tmp_path: Path) -> None:
    """Never more than asked for; and more than one, or it would be no concurrency at all."""
    with Keeper.start() as keeper:
        async with await BurstGenerator.start(keeper, directory=tmp_path, target=Target(url=endpoint.url), connections=8) as generator:
            await generator.run(burst(UNIQUE, in_flight=8, requests=200, warm_up=16))
    assert 1 < endpoint.most <= 8
    assert sorted(endpoint.asked) == sorted(f"m-{n}" for n in range(216))


async def test_two_bursts_of_one_mark_share_no_request(endpoint: Endpoint, tmp_path: Path) -> None:
    with Keeper.start() as keeper:
        async with await BurstGenerator.start(keeper, directory=tmp_path, target=Target(url=endpoint.url), connections=2) as generator:
            for first in (0, 8):
                await generator.run(burst(UNIQUE, first=first, in_flight=2))
    assert sorted(endpoint.asked) == sorted(f"m-{n}" for n in range(16))


async def test_a_wrong_answer_ends_it_with_how_many_there_were(endpoint: Endpoint, tmp_path: Path) -> None:
    with Keeper.start() as keeper:
        async with await BurstGenerator.start(keeper, directory=tmp_path, target=Target(url=endpoint.url), connections=1) as generator:
            with pytest.raises(ServiceError, match=r"echo at 1 in flight: 4 of 8 requests were not answered rightly in health \(wrong_answer"):
                await generator.run(burst("wrong", "right"))


async def test_a_generator_that_ended_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    with Keeper.start() as keeper:
        generator = await BurstGenerator.start(keeper, directory=tmp_path, target=Target(url="http://127.0.0.1:1/graphql"), connections=1)
        generator._link.close()
        with pytest.raises(RigError):
            await generator.run(burst("a"))


@pytest.mark.parametrize(("in_flight", "requests", "warm_up"), [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_what_is_no_burst_is_refused(in_flight: int, requests: int, warm_up: int) -> None:
    with pytest.raises(DeclarationError, match="nothing was sent"):
        burst("a", in_flight=in_flight, requests=requests, warm_up=warm_up)
