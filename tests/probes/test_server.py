"""The server's own count of the service's sessions, over the control socket, also when it is away or frozen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import psycopg
import pytest

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.probes import ServerSessions
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import run

pytestmark = pytest.mark.anyio

PROMPT = seconds(4)


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await run(cluster.control_dsn(), "CREATE ROLE app LOGIN")
            yield cluster


@pytest.fixture
async def probe(cluster: Cluster) -> AsyncIterator[ServerSessions]:
    probe = ServerSessions(cluster.control_dsn(), "postgres", within=seconds(30))
    yield probe
    await probe.close()


async def connect(cluster: Cluster, database: str = "postgres", *, name: str = "service") -> psycopg.AsyncConnection[tuple[object, ...]]:
    return await psycopg.AsyncConnection.connect(cluster.dsn(database), application_name=name, connect_timeout=10)


async def test_sessions_of_the_service_are_counted(probe: ServerSessions, cluster: Cluster) -> None:
    assert ((await probe.look()).ok, (await probe.look()).value) == (True, {"sessions": 0, "backends": []})
    async with await connect(cluster), await connect(cluster):
        assert (await probe.look()).value["sessions"] == 2


async def test_a_session_that_waits_for_its_client_within_a_transaction_is_seen_waiting(probe: ServerSessions, cluster: Cluster) -> None:
    async with await connect(cluster) as client:
        await client.execute("SELECT 1")
        (backend,) = cast("list[dict[str, object]]", (await probe.look()).value["backends"])
        assert (backend["pid"], backend["state"], backend["wait_event"]) == (client.info.backend_pid, "idle in transaction", "ClientRead")
        assert cast("int", backend["state_age_ms"]) < seconds(60).ms


async def test_our_own_sessions_are_not_counted(probe: ServerSessions, cluster: Cluster) -> None:
    async with await connect(cluster, name="fraiseql-chaos"), await connect(cluster):
        assert (await probe.look()).value["sessions"] == 1


async def test_sessions_of_another_database_are_not_counted(probe: ServerSessions, cluster: Cluster) -> None:
    async with await connect(cluster, "template1"):
        assert (await probe.look()).value["sessions"] == 0


async def test_server_that_is_away_is_an_observation_and_seen_again_when_it_is_back(probe: ServerSessions, cluster: Cluster) -> None:
    assert (await probe.look()).ok
    async with cluster.stopped():
        away = [await probe.look() for _ in range(2)]
    assert [(look.ok, look.value) for look in away] == [(False, {}), (False, {})]
    assert "terminating connection due to administrator command" in away[0].error
    assert "connection failed" in away[1].error or "connection to server" in away[1].error
    assert (await probe.look()).ok


@pytest.mark.parametrize("connected", [True, False])
async def test_look_at_a_frozen_server_is_given_up_in_time(cluster: Cluster, *, connected: bool) -> None:
    probe = ServerSessions(cluster.control_dsn(), "postgres", within=ms(300))
    if connected:
        await until_well(probe)
    async with cluster.frozen("all"):
        began_ns = now_ns()
        look = await probe.look()
        took_ns = now_ns() - began_ns
    assert (look.ok, look.value, look.error) == (False, {}, "TimeoutError")
    assert ms(300).ns <= took_ns < PROMPT.ns
    await until_well(probe)
    await probe.close()


async def until_well(probe: ServerSessions) -> None:
    """Wait for a look that is well: one that gives up soon may give up a server that is there, where the machine is busy."""

    async def is_well() -> bool:
        return (await probe.look()).ok

    assert await wait_until(is_well, within=seconds(30), what="a look that is well")
