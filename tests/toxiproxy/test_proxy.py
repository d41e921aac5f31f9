"""A proxy: an edge, and toxics on it; what a change of it does, and what one that is refused does not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.toxiproxy.bodies import new_toxic
from fraiseql_chaos.toxiproxy.compat import Compat
from fraiseql_chaos.toxiproxy.go_net import Listen
from fraiseql_chaos.toxiproxy.model import ApiError
from fraiseql_chaos.toxiproxy.proxy import Proxy
from toxiproxy.edges import ANYWHERE, Bench, bench, connect, run

LATENCY = b'{"name": "lat", "type": "latency", "attributes": {"latency": 3600000}}'


def listening(proxy: Proxy) -> Listen:
    host, _, port = proxy.listen.rpartition(":")
    return Listen(host=host, port=int(port))


def change(proxy: Proxy, **fields: Any) -> None:
    """Change a proxy as the API does: what is not named stays."""
    resolved = fields.pop("resolved", None) or listening(proxy)
    proxy.change(**{"listen": proxy.listen, "upstream": proxy.upstream, "enabled": proxy.enabled, "resolved": resolved, **fields})


async def is_gone(near: socket.socket) -> bool:
    """Tell whether a connection ends, in whatever way."""
    try:
        return await asyncio.get_running_loop().sock_recv(near, 1) == b""
    except ConnectionResetError:
        return True


def test_stopping_cuts_and_refuses_and_keeps_the_port() -> None:
    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            port = listening(proxy).port
            near, far = await here.join(proxy)
            with near, far:
                change(proxy, enabled=False)
                assert await is_gone(near)
            with pytest.raises(ConnectionRefusedError):
                await connect(proxy)
            change(proxy, enabled=True)
            assert listening(proxy).port == port
            for end in await here.join(proxy):
                end.close()

    run(check)


def test_another_upstream_is_led_to_after_all_connections_were_cut() -> None:
    """The port stays, and so do the toxics."""

    async def check() -> None:
        async with bench() as here, bench() as there:
            proxy = here.create()
            proxy.add(new_toxic(b'{"type": "noop"}', ()))
            before = proxy.listen
            near, far = await here.join(proxy)
            with near, far:
                change(proxy, upstream=there.upstream_address)
                assert await is_gone(near)
            assert (proxy.listen, proxy.upstream, proxy.enabled) == (before, there.upstream_address, True)
            for end in await there.join(proxy):
                end.close()
            assert [toxic.type for toxic in proxy.toxics] == ["noop"]

    run(check)


def test_another_address_is_listened_on_and_the_toxics_act_there() -> None:
    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            proxy.add(new_toxic(LATENCY, ()))
            before = listening(proxy)
            change(proxy, listen=str(ANYWHERE), resolved=ANYWHERE)
            assert listening(proxy).port != before.port
            near = await connect(proxy)
            far, _ = await asyncio.get_running_loop().sock_accept(here.upstream)
            with near, far:
                far.send(b"late")
                await wait_until(lambda: proxy.ledger and proxy.ledger.down.held_bytes == 4, within=seconds(5), what="holding the bytes")

    run(check)


def test_the_same_port_on_another_interface_is_no_conflict_with_itself() -> None:
    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            port = listening(proxy).port
            change(proxy, listen=f":{port}", resolved=Listen(host="", port=port))
            assert listening(proxy).port == port
            assert listening(proxy).host != "127.0.0.1"

    run(check)


def taken(here: Bench) -> Listen:
    """Return an address that is in use."""
    return Listen(host="127.0.0.1", port=here.upstream.getsockname()[1])


def test_a_change_to_an_address_in_use_changes_nothing() -> None:
    """The connections go on, too."""

    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            before = proxy.to_json()
            near, far = await here.join(proxy)
            with near, far:
                with pytest.raises(ApiError, match="bind: address already in use"):
                    change(proxy, listen=str(taken(here)), resolved=taken(here))
                assert proxy.to_json() == before
                await asyncio.get_running_loop().sock_sendall(near, b"?")
                assert await asyncio.get_running_loop().sock_recv(far, 1) == b"?"

    run(check)


def test_toxiproxy_is_left_without_an_address_by_such_a_change() -> None:
    async def check() -> None:
        async with bench(Compat()) as here:
            proxy = here.create()
            with pytest.raises(ApiError, match="bind: address already in use"):
                change(proxy, listen=str(taken(here)), resolved=taken(here))
            assert (proxy.listen, proxy.enabled) == (str(taken(here)), False)
            change(proxy, listen=str(ANYWHERE), resolved=ANYWHERE, enabled=True)
            for end in await here.join(proxy):
                end.close()

    run(check)


@pytest.mark.parametrize(
    ("listen", "words"),
    [(Listen(host="203.0.113.1", port=0), "listen tcp 203.0.113.1:0: bind: cannot assign requested address")],
    ids=["an address of somebody else"],
)
def test_what_cannot_be_bound_says_why(listen: Listen, words: str) -> None:
    async def check() -> None:
        async with bench() as here:
            with pytest.raises(ApiError) as refused:
                here.proxies.create(here.body(), listen)
            assert str(refused.value) == words
            assert list(here.proxies) == []

    run(check)


def test_toxics_are_listed_upstream_first_and_armed_while_the_proxy_is_stopped() -> None:
    async def check() -> None:
        async with bench() as here:
            proxy = here.create(enabled=False)
            proxy.add(new_toxic(b'{"name": "b", "type": "noop"}', ()))
            proxy.add(new_toxic(b'{"name": "a", "type": "latency", "stream": "upstream", "attributes": {"latency": 3600000}}', ()))
            assert [toxic.name for toxic in proxy.toxics] == ["a", "b"]
            proxy.start(ANYWHERE)
            near = await connect(proxy)
            with near:
                near.send(b"late")
                await wait_until(lambda: proxy.ledger and proxy.ledger.up.held_bytes == 4, within=seconds(5), what="holding the bytes")

    run(check)


def test_what_a_removed_toxic_held_moves_on() -> None:
    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            proxy.add(new_toxic(LATENCY, ()))
            near = await connect(proxy)
            far, _ = await asyncio.get_running_loop().sock_accept(here.upstream)
            with near, far:
                far.send(b"late")
                await wait_until(lambda: proxy.ledger and proxy.ledger.down.held_bytes == 4, within=seconds(5), what="holding the bytes")
                proxy.remove("lat")
                assert await asyncio.get_running_loop().sock_recv(near, 4) == b"late"

    run(check)


@pytest.mark.parametrize("act", [lambda proxy: proxy.remove("none"), lambda proxy: proxy.change_toxic("none", b"{}")], ids=["remove", "change"])
def test_a_toxic_that_is_not_there_is_not_found(act: Callable[[Proxy], object]) -> None:
    async def check() -> None:
        async with bench() as here:
            with pytest.raises(ApiError, match="toxic not found"):
                act(here.create())

    run(check)


def test_a_change_that_is_refused_changes_nothing_unless_it_is_toxiproxys() -> None:
    raw = b'{"attributes": {"latency": "x", "jitter": 4}}'

    async def check() -> None:
        for semantics, jitter in ((None, 0), (Compat(), 4)):
            async with bench(semantics) as here:
                proxy = here.create()
                proxy.add(new_toxic(LATENCY, ()))
                with pytest.raises(ApiError, match="cannot unmarshal string"):
                    proxy.change_toxic("lat", raw)
                assert proxy.toxic("lat").attributes["jitter"] == jitter

    run(check)
