"""A stop takes a real server away and gives it back, and leaves in its log the words by which the fault is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import psycopg
import pytest

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.server.driver import armed
from fraiseql_chaos.layers.server.faults import Freeze, Stop
from fraiseql_chaos.probes import ServerProcesses
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import fetch
from fraiseql_chaos.rig.postgres.foreign import ForeignServer

pytestmark = pytest.mark.anyio

type Mode = Literal["fast", "immediate", "crash"]


@pytest.fixture(scope="module")
def keeper() -> Iterator[Keeper]:
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture(scope="module")
async def cluster(keeper: Keeper) -> AsyncIterator[Cluster]:
    async with await Cluster.create(keeper) as cluster:
        yield cluster


def log_since(cluster: Cluster, position: int) -> tuple[Sample, ...]:
    records, _ = cluster.server_log.since(position)
    return tuple(Sample(probe="server_log", began_ns=now_ns(), at_ns=now_ns(), ok=True, value={"message": record.message}) for record in records)


@pytest.mark.parametrize("mode", ["fast", "immediate", "crash"])
async def test_server_is_away_inside_the_guard_and_back_behind_it(cluster: Cluster, mode: Mode) -> None:
    position = cluster.server_log.end()
    async with armed(Stop(mode=mode), cluster):
        with pytest.raises(psycopg.OperationalError):
            await psycopg.AsyncConnection.connect(cluster.control_dsn(), connect_timeout=5)
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]

    log = log_since(cluster, position)
    assert Stop(mode=mode).sightings((), log)[0].count >= 1, log
    requests = {str(sample.value["message"]) for sample in log if "shutdown request" in str(sample.value["message"])}
    assert requests == (set() if mode == "crash" else {f"received {mode} shutdown request"})


async def test_server_comes_back_when_the_block_fails(cluster: Cluster) -> None:
    with pytest.raises(KeyError):
        async with armed(Stop(mode="immediate"), cluster):
            raise KeyError
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


async def test_nothing_happens_before_the_guard_is_entered(cluster: Cluster) -> None:
    armed(Stop(mode="fast"), cluster)
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("fault", [Stop(), Stop(mode="crash"), Freeze()], ids=str)
async def test_server_that_is_not_ours_is_left_alone(cluster: Cluster, keeper: Keeper, fault: Freeze | Stop) -> None:
    theirs = await ForeignServer.connect(cluster.control_dsn(), keeper=keeper, i_own_this_database=True)
    with pytest.raises(CapabilityError, match=r"not possible on .*; nothing was touched"):
        armed(fault, theirs)
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("what", ["all", "postmaster"])
async def test_a_frozen_server_answers_nobody_new_and_goes_on_where_it_was(cluster: Cluster, what: Literal["all", "postmaster"]) -> None:
    async with await psycopg.AsyncConnection.connect(cluster.control_dsn(), autocommit=True) as connected:
        processes = ServerProcesses(cluster.leader)
        before = await processes.look()
        async with armed(Freeze(what=what), cluster):
            during = await processes.look()
            with pytest.raises(psycopg.OperationalError, match="timeout"):
                await psycopg.AsyncConnection.connect(cluster.control_dsn(), connect_timeout=2)
            if what == "postmaster":
                assert await (await connected.execute("SELECT 1")).fetchone() == (1,)
        assert await (await connected.execute("SELECT 2")).fetchone() == (2,)
    samples = [Sample(probe="server_processes", began_ns=0, at_ns=1, ok=look.ok, value=look.value) for look in (before, during)]
    assert Freeze(what=what).sightings((samples[0],), (samples[1],))[0].count == 1
    assert Freeze(what=what).sightings((samples[1],), (samples[0],))[0].count == 0
