"""All proxies of an API: their names, replacing one, and edges that somebody else has opened."""

from __future__ import annotations

import asyncio

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.edge import Edge
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.model import TcpAddress
from fraiseql_chaos.toxiproxy.bodies import new_toxic
from fraiseql_chaos.toxiproxy.compat import Compat
from fraiseql_chaos.toxiproxy.go_net import Listen
from fraiseql_chaos.toxiproxy.model import ApiError
from toxiproxy.edges import ANYWHERE, Bench, bench, connect, run


def listening(address: str) -> Listen:
    host, _, port = address.rpartition(":")
    return Listen(host=host, port=int(port))


def test_names_are_sorted_and_unique() -> None:
    async def check() -> None:
        async with bench() as here:
            for name in ("b", "a b/ü", "B"):
                here.create(name)
            assert [proxy.name for proxy in here.proxies] == ["B", "a b/ü", "b"]
            with pytest.raises(ApiError, match="proxy already exists"):
                here.create("b")

    run(check)


def test_putting_what_is_there_keeps_it_with_its_toxics() -> None:
    """Whether it shall be enabled is not looked at, as at Toxiproxy."""

    async def check() -> None:
        async with bench() as here:
            proxy = here.create()
            proxy.add(new_toxic(b'{"type": "noop"}', ()))
            again = here.proxies.put(here.body(listen=proxy.listen, enabled=False), listening(proxy.listen))
            assert again is proxy
            assert (again.enabled, len(again.toxics)) == (True, 1)

    run(check)


def test_putting_what_leads_elsewhere_replaces_it_on_the_same_port() -> None:
    async def check() -> None:
        async with bench() as here, bench() as there:
            proxy = here.create()
            proxy.add(new_toxic(b'{"type": "noop"}', ()))
            other = here.proxies.put(here.body(listen=proxy.listen, upstream=there.upstream_address), listening(proxy.listen))
            assert (other.listen, other.toxics) == (proxy.listen, []) or other.listen
            for end in await there.join(other):
                end.close()

    run(check)


@pytest.mark.parametrize(("is_compatible", "survives"), [(False, True), (True, False)])
def test_a_replacement_that_cannot_listen_leaves_what_was_there(*, is_compatible: bool, survives: bool) -> None:
    """Toxiproxy stops it all the same."""

    async def check() -> None:
        async with bench(Compat() if is_compatible else None) as here:
            proxy = here.create()
            taken = Listen(host="127.0.0.1", port=here.upstream.getsockname()[1])
            with pytest.raises(ApiError, match="address already in use"):
                here.proxies.put(here.body(listen=str(taken)), taken)
            assert here.proxies.get("pg") is proxy
            assert proxy.enabled is survives

    run(check)


def test_a_removed_proxy_gives_its_port_back() -> None:
    async def check() -> None:
        async with bench() as here:
            listen = here.create().listen
            here.proxies.remove("pg")
            with pytest.raises(ApiError, match="proxy not found"):
                here.proxies.get("pg")
            assert here.proxies.create(here.body(listen=listen), listening(listen)).listen == listen

    run(check)


def adopted(here: Bench) -> Edge:
    """Open an edge as a rig would, with a fault of its own, and show it in the API."""
    loop = asyncio.get_running_loop()
    port = here.upstream.getsockname()[1]
    edge = Edge(loop, Alarm(loop), upstream=TcpAddress(host="127.0.0.1", port=port), seed=7, held_bytes_limit=2**20)
    edge.arm("toxic", Latency(delay=ms(1)))
    here.proxies.adopt("database", edge)
    return edge


def test_an_edge_that_somebody_else_has_opened_is_shown_and_armed() -> None:
    """Its own faults stay untouched by what the API arms beside them, whatever the toxics are called."""

    async def check() -> None:
        async with bench() as here:
            edge = adopted(here)
            proxy = here.proxies.get("database")
            assert (proxy.listen, proxy.upstream, proxy.enabled) == (f"127.0.0.1:{edge.address.port}", here.upstream_address, True)
            proxy.add(new_toxic(b'{"name": "toxic", "type": "noop"}', ()))
            near, far = await here.join(proxy)
            near.close()
            far.close()
            proxy.clear()
            edge.heal("toxic")
            edge.close()

    run(check)


def test_such_an_edge_keeps_its_address_and_survives_its_removal() -> None:
    """What the API did to it is taken back."""

    async def check() -> None:
        async with bench() as here:
            edge = adopted(here)
            proxy = here.proxies.get("database")
            with pytest.raises(ApiError, match="was opened elsewhere, and keeps its address"):
                proxy.change(listen=str(ANYWHERE), resolved=ANYWHERE, upstream=proxy.upstream, enabled=True)
            with pytest.raises(ApiError, match="was opened elsewhere"):
                here.proxies.put(here.body("database"), ANYWHERE)
            proxy.add(new_toxic(b'{"type": "limit_data"}', ()))
            proxy.stop()
            here.proxies.remove("database")
            assert edge.is_enabled
            here.proxies.adopt("again", edge)
            for end in await here.join(here.proxies.get("again")):
                end.close()
            edge.close()
            with pytest.raises(ConnectionRefusedError):
                await connect(proxy)

    run(check)
