"""Before any fault: a workload that a healthy service does not answer is refused, in the service's own words."""

from __future__ import annotations

import json
import socket
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from aiohttp import web

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import DeclarationError, ServiceError
from fraiseql_chaos.workload import Case, GraphQLOperation, Target
from fraiseql_chaos.workload.check import verify_operations

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]


def read(*cases: Case) -> GraphQLOperation:
    return GraphQLOperation(name="post", document="query Q($id: ID) { post(id: $id) { title } }", kind="query", cases=cases)


def write(*cases: Case) -> GraphQLOperation:
    return GraphQLOperation(name="add", document="mutation M($title: String) { add(title: $title) { title } }", kind="mutation", cases=cases)


def answering(answer: Callable[[JsonObject], Json], asked: list[JsonObject]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Serve what a function of the variables says, and keep the variables."""

    async def handler(request: web.Request) -> web.Response:
        variables: JsonObject = json.loads(await request.read())["variables"]
        asked.append(variables)
        return web.json_response(answer(variables))

    return handler


async def test_a_workload_that_is_answered_as_expected_is_unchanged(serve: Serve) -> None:
    asked: list[JsonObject] = []
    target = await serve(answering(lambda v: {"data": {"post": {"title": f"post {v['id']}"}}}, asked))
    operations = (read(*(Case(variables={"id": n}, data={"post": {"title": f"post {n}"}}) for n in range(3))),)
    assert await verify_operations(target, operations) == operations
    assert asked == [{"id": 0}, {"id": 1}, {"id": 2}]


async def test_a_refusal_carries_the_services_own_words(serve: Serve) -> None:
    target = await serve(answering(lambda _: {"errors": [{"message": "Cannot query field 'titel'"}]}, []))
    with pytest.raises(DeclarationError, match=r"(?s)operation post, case 0: .*HTTP 200.*Cannot query field 'titel'.*No fault was armed"):
        await verify_operations(target, [read(Case(variables={}, data=None))])


async def test_a_wrong_expectation_is_found_in_health(serve: Serve) -> None:
    target = await serve(answering(lambda _: {"data": {"post": {"title": "b"}}}, []))
    with pytest.raises(DeclarationError, match=r"case 1: .*data\.post\.title: expected 'a', got 'b'"):
        await verify_operations(target, [read(Case(variables={}, data=None), Case(variables={}, data={"post": {"title": "a"}}))])


async def test_mutations_are_left_alone_unless_asked_for(serve: Serve) -> None:
    asked: list[JsonObject] = []
    target = await serve(answering(lambda v: {"data": {"add": v}}, asked))
    operations = (write(Case(variables={"title": "{unique}"}, data={"add": {"title": "{unique}"}})),)
    assert await verify_operations(target, operations) == operations
    assert asked == []
    assert await verify_operations(target, operations, run_mutations=True) == operations
    assert await verify_operations(target, operations, run_mutations=True) == operations
    assert len({str(variables) for variables in asked}) == 2, "two checks on one database must not collide"


async def test_a_healthy_answer_becomes_the_yardstick_where_that_is_wanted(serve: Serve) -> None:
    target = await serve(answering(lambda v: {"data": {"post": {"title": f"post {v['id']}"}}}, []))
    cases = [Case(variables={"id": n}, data=None) for n in range(2)]
    (verified,) = await verify_operations(target, [read(*cases)], record=[("post", 1)])
    assert [case.data for case in verified.cases] == [None, {"post": {"title": "post 1"}}]
    assert [case.variables for case in verified.cases] == [{"id": 0}, {"id": 1}]


async def test_an_answer_that_changes_is_no_yardstick(serve: Serve) -> None:
    ticks = count()
    target = await serve(answering(lambda _: {"data": {"post": {"title": "a", "now": next(ticks)}}}, []))
    with pytest.raises(DeclarationError, match=r"two healthy answers differ \(data\.post\.now: expected 0, got 1\)"):
        await verify_operations(target, [read(Case(variables={}, data=None))], record=[("post", 0)])


async def test_an_answer_that_grows_is_no_yardstick_either(serve: Serve) -> None:
    ticks = count()
    target = await serve(answering(lambda _: {"data": {"post": {f"field{n}": 1 for n in range(next(ticks))}}}, []))
    with pytest.raises(DeclarationError, match="two healthy answers differ"):
        await verify_operations(target, [read(Case(variables={}, data=None))], record=[("post", 0)])


async def test_a_service_that_is_not_there_is_not_the_workloads_fault() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        target = Target(url=f"http://127.0.0.1:{nobody.getsockname()[1]}/graphql")
        with pytest.raises(ServiceError, match=r"nobody answers at http://127\.0\.0\.1"):
            await verify_operations(target, [read(Case(variables={}, data=None))])
