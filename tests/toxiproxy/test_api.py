"""Requests and answers without HTTP; every recorded answer is given again by test_conformance.py, and here is what was not recorded."""

from __future__ import annotations

import asyncio
import json

import pytest

from fraiseql_chaos.toxiproxy.api import Answer, Api, Request
from toxiproxy.edges import Bench, bench, run


async def lookup(host: str) -> str:
    """Know one name."""
    if host != "localhost":
        raise OSError(f"{host} is unknown")
    return "127.0.0.1"


async def ask(here: Bench, method: str, target: str, body: str = "", *, user_agent: str = "", has_metrics: bool = False) -> Answer:
    api = Api(here.proxies, lookup, has_metrics=has_metrics)
    return await api.answer(Request(method=method, target=target, body=body.encode(), user_agent=user_agent))


@pytest.mark.parametrize(
    ("target", "location"),
    [("//proxies", "/proxies"), ("/a/../proxies/", "/proxies/"), ("/./version", "/version"), ("/proxies//x", "/proxies/x"), ("", "/")],
)
def test_an_untidy_path_is_sent_on_to_the_tidy_one(target: str, location: str) -> None:
    """As Toxiproxy's router does before it looks at anything else."""

    async def check() -> None:
        async with bench() as here:
            answer = await ask(here, "GET", target)
            assert (answer.status, answer.headers["Location"], answer.body) == (301, location, "")

    run(check)


def test_what_is_behind_a_question_mark_is_not_looked_at() -> None:
    async def check() -> None:
        async with bench() as here:
            assert (await ask(here, "GET", "/version?pretty=1")).status == 200

    run(check)


def test_a_proxy_with_a_space_in_its_name_is_found_by_its_escaped_name() -> None:
    async def check() -> None:
        async with bench() as here:
            here.create("a ü")
            assert json.loads((await ask(here, "GET", "/proxies/a%20%C3%BC")).body)["name"] == "a ü"

    run(check)


def test_browsers_are_refused_only_where_there_is_something_to_refuse() -> None:
    async def check() -> None:
        async with bench() as here:
            statuses = [(await ask(here, method, "/version", user_agent="Mozilla/5.0")).status for method in ("GET", "POST")]
            assert [*statuses, (await ask(here, "GET", "/nope", user_agent="Mozilla/5.0")).status] == [403, 405, 404]

    run(check)


def test_metrics_are_a_page_only_if_they_were_asked_for() -> None:
    async def check() -> None:
        async with bench() as here:
            assert (await ask(here, "GET", "/metrics")).status == 404
            assert (await ask(here, "GET", "/metrics", has_metrics=True)).status == 200

    run(check)


def test_a_host_that_is_unknown_is_said_to_be() -> None:
    """When a proxy is created, and in the words for a change."""

    async def check() -> None:
        async with bench() as here:
            body = json.dumps({"name": "x", "listen": "nobody.invalid:0", "upstream": "127.0.0.1:1"})
            answer = await ask(here, "POST", "/proxies", body)
            assert (answer.status, json.loads(answer.body)["error"]) == (500, "listen tcp: lookup nobody.invalid: no such host")
            here.create()
            answer = await ask(here, "PATCH", "/proxies/pg", '{"listen": "nobody.invalid:0"}')
            assert (answer.status, json.loads(answer.body)["error"]) == (500, "lookup nobody.invalid: no such host")

    run(check)


def test_one_proxy_that_cannot_listen_does_not_keep_the_others_from_being_reset() -> None:
    """Toxiproxy stops at the first, and the order of its proxies is a matter of chance."""

    async def check() -> None:
        async with bench() as here:
            here.create("a", listen=here.upstream_address, enabled=False)
            b = here.create("b")
            b.stop()
            answer = await ask(here, "POST", "/reset")
            assert (answer.status, "address already in use" in answer.body) == (500, True)
            assert b.enabled

    run(check)


def test_a_slow_name_server_delays_its_own_request_and_no_other() -> None:
    """While a host is looked up, other requests are answered; two that create the same proxy do not meet half-way."""

    async def check() -> None:
        async with bench() as here:
            found = asyncio.Event()

            async def slow(_: str) -> str:
                await found.wait()
                return "127.0.0.1"

            api = Api(here.proxies, slow)
            body = json.dumps({"name": "x", "listen": "somewhere:0", "upstream": here.upstream_address}).encode()
            create = Request(method="POST", target="/proxies", body=body)
            creating = [asyncio.ensure_future(api.answer(create)) for _ in range(2)]
            await asyncio.sleep(0)
            assert (await api.answer(Request(method="GET", target="/proxies"))).body == "{}"
            found.set()
            assert sorted([(await answer).status for answer in creating]) == [201, 409]

    run(check)
