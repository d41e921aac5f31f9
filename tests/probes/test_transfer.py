"""A known amount of bytes to a real PostgreSQL and back, through real faults and without."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.layers.stream.faults import Blackhole, Corrupt, Limit, Slicer
from fraiseql_chaos.layers.stream.model import TcpAddress, UnixAddress
from fraiseql_chaos.probes import EdgeTransfer
from fraiseql_chaos.probes.transfer import PAYLOAD
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import fetch, run
from fraiseql_chaos.testing import HEALTHY
from layers.stream.edges import Edge, Proxy, open_edge, running_proxy

pytestmark = pytest.mark.anyio

PROMPT = seconds(10)


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await run(cluster.control_dsn(), "CREATE ROLE app LOGIN")
            yield cluster


@pytest.fixture(scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    with running_proxy(tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture
async def edge(cluster: Cluster, proxy: Proxy) -> AsyncIterator[Edge]:
    with socket.socket() as nobody, open_edge(proxy.control, nobody, TcpAddress(host=cluster.host, port=cluster.port)) as edge:
        yield edge


@pytest.fixture
async def probe(cluster: Cluster, edge: Edge) -> AsyncIterator[EdgeTransfer]:
    probe = EdgeTransfer(cluster.dsn("postgres", via=(edge.address.host, edge.address.port)), within=seconds(30))
    yield probe
    await probe.close()


@pytest.fixture
async def hasty(cluster: Cluster, edge: Edge) -> AsyncIterator[EdgeTransfer]:
    probe = EdgeTransfer(cluster.dsn("postgres", via=(edge.address.host, edge.address.port)), within=ms(1000))
    yield probe
    await probe.close()


async def test_in_health_the_same_bytes_come_back_in_few_segments(probe: EdgeTransfer) -> None:
    looks = [await probe.look() for _ in range(3)]
    assert [(look.ok, look.error, look.value["bytes"], look.value["wrong_bytes"]) for look in looks] == [(True, "", len(PAYLOAD), 0)] * 3
    assert all(look.value.keys() == HEALTHY[probe.name].keys() for look in looks)
    for look in looks:
        for key in ("segments_up", "segments_down"):
            number = look.value[key]
            assert isinstance(number, int)
            assert 1 <= number <= 16


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_slices_are_counted_at_the_end_they_arrive_at(probe: EdgeTransfer, edge: Edge, direction: str) -> None:
    """
    Method: a slice each 15 ms, 128 in all, of which a quarter shows by itself.

    What falls due while the proxy stands still is one segment; nearly two seconds are more than a machine is away for.
    """
    assert (await probe.look()).ok
    edge.control.arm(edge.name, "slicer", Slicer(average_bytes=128, delay=ms(15), direction="up" if direction == "up" else "down"))
    value = (await probe.look()).value
    sliced, whole = value[f"segments_{direction}"], value[f"segments_{'down' if direction == 'up' else 'up'}"]
    assert isinstance(sliced, int)
    assert isinstance(whole, int)
    assert sliced > len(PAYLOAD) // 512 > whole


async def test_wrong_bytes_are_counted(hasty: EdgeTransfer, edge: Edge) -> None:
    """A wrong byte in a length may make either end wait for more than will come, so the look has to be given up soon."""
    assert (await hasty.look()).ok
    edge.control.arm(edge.name, "corrupt", Corrupt(rate=0.0003))
    found = [(await hasty.look()).value.get("wrong_bytes") for _ in range(10)]
    assert any(isinstance(number, int) and 0 < number < 60 for number in found)


async def test_an_end_is_told_and_the_connection_made_again(probe: EdgeTransfer, edge: Edge) -> None:
    assert (await probe.look()).ok
    edge.control.arm(edge.name, "limit", Limit(bytes=1000))
    look = await probe.look()
    assert not look.ok
    assert look.error not in {"", "TimeoutError"}
    edge.control.heal(edge.name, "limit")
    assert (await probe.look()).ok


async def test_a_transfer_without_an_answer_is_given_up_in_time(hasty: EdgeTransfer, edge: Edge) -> None:
    assert (await hasty.look()).ok
    edge.control.arm(edge.name, "dark", Blackhole())
    began_ns = now_ns()
    assert (await hasty.look()).error == "TimeoutError"
    assert now_ns() - began_ns < PROMPT.ns


async def test_behind_a_unix_socket_only_our_own_end_is_counted(cluster: Cluster, proxy: Proxy) -> None:
    (directory,) = (await fetch(cluster.control_dsn(), "SHOW unix_socket_directories"))[0]
    path = Path(str(directory).strip('"')) / f".s.PGSQL.{cluster.port}"
    with socket.socket() as nobody, open_edge(proxy.control, nobody, UnixAddress(path=path)) as edge:
        probe = EdgeTransfer(cluster.dsn("postgres", via=(edge.address.host, edge.address.port)))
        look = await probe.look()
        await probe.close()
    assert look.ok, look.error
    assert look.value["segments_up"] is None
    assert isinstance(look.value["segments_down"], int)
