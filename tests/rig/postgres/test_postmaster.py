"""The server ends, dies and holds its breath as told."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.core import ms, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.keeper import Keeper, processes
from fraiseql_chaos.rig.postgres import Cluster, StopMode
from fraiseql_chaos.rig.postgres.control import fetch
from fraiseql_chaos.rig.postgres.freezing import is_stopped

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]

BUSY = "DO $$ BEGIN LOOP END LOOP; END $$"
"""Computes for ever, and never looks whether its postmaster lives."""


def messages(cluster: Cluster, position: int) -> list[str]:
    return [record.message for record in cluster.server_log.since(position)[0]]


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
async def test_every_mode_of_stopping_is_in_the_log(cluster: Cluster, mode: StopMode) -> None:
    position = cluster.server_log.end()
    await cluster.stop(mode)
    assert not cluster.is_running
    assert [message for message in messages(cluster, position) if "shutdown request" in message] == [f"received {mode} shutdown request"]


async def test_unknown_mode_leaves_the_server_running(cluster: Cluster) -> None:
    with pytest.raises(DeclarationError, match="mode 'gentle' is not one of 'smart', 'fast', 'immediate'"):
        await cluster.stop("gentle")  # type: ignore[arg-type]  # what a user without a type checker may write
    assert cluster.is_running


async def test_smart_stop_waits_for_clients_and_can_be_given_up(cluster: Cluster, client: Client) -> None:
    before = cluster.postmaster
    with pytest.raises(RigError, match="smart shutdown did not happen within 200 ms"):
        await cluster.stop("smart", within=ms(200))
    await client.execute("SELECT 1")
    await cluster._postmaster.come_back()
    assert cluster.postmaster != before
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


async def test_what_does_not_run_cannot_be_stopped(cluster: Cluster) -> None:
    await cluster.stop("immediate")
    with pytest.raises(RigError, match="is not running"):
        await cluster.stop("fast")


async def test_crash_leaves_no_process_not_even_a_busy_one(cluster: Cluster, client: Client) -> None:
    computing = asyncio.create_task(client.execute(BUSY))
    query = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = %s"

    async def busy() -> list[tuple[Any, ...]]:
        return await fetch(cluster.control_dsn(), query, [BUSY])

    rows: list[tuple[Any, ...]] = await wait_until(busy, within=seconds(5), what="the busy loop")
    before = processes.descendants(cluster.postmaster.pid)
    await cluster.crash()
    assert rows[0][0] in before
    assert {pid for pid in before if processes.start_ticks(pid) is not None} == set()
    with pytest.raises(psycopg.OperationalError):
        await computing


async def test_frozen_server_is_crashed_all_the_same(cluster: Cluster) -> None:
    await cluster.freeze("all")
    await cluster.crash()
    await cluster.start()
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


async def test_frozen_server_refuses_to_be_stopped(cluster: Cluster) -> None:
    async with cluster.frozen("postmaster"):
        with pytest.raises(RigError, match="are frozen and could not take part in a shutdown"):
            await cluster.stop("fast")
    assert cluster.is_running


async def test_frozen_backend_does_not_answer_and_answers_after_the_thaw(cluster: Cluster, client: Client) -> None:
    backend = client.info.backend_pid
    async with cluster.frozen(backend):
        answer = asyncio.create_task(client.execute("SELECT 1"))
        # Another session's round trip: had ours been answered as fast, it would be done by now.
        assert await fetch(cluster.control_dsn(), "SELECT wait_event_type, pid FROM pg_stat_activity WHERE pid = %s", [backend]) == [
            ("Client", backend)
        ]
        assert not (await asyncio.wait([answer], timeout=0.2))[0]
    assert await (await answer).fetchone() == (1,)


async def test_frozen_postmaster_lets_nobody_in_but_serves_who_is(cluster: Cluster, client: Client) -> None:
    async with cluster.frozen("postmaster"):
        await client.execute("SELECT 1")
        with pytest.raises(RigError, match="no answer within 200 ms"):
            await fetch(cluster.control_dsn(), "SELECT 1", within=ms(200))
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]


async def test_frozen_all_stops_every_process(cluster: Cluster) -> None:
    async with cluster.frozen("all"):
        everyone = {cluster.postmaster.pid, *processes.descendants(cluster.postmaster.pid)}
        assert len(everyone) > 3
        assert {is_stopped(pid) for pid in everyone} == {True}
    assert {is_stopped(pid) for pid in everyone} == {False}


async def test_guard_thaws_only_what_it_froze(cluster: Cluster, client: Client) -> None:
    async with cluster.frozen(client.info.backend_pid):
        async with cluster.frozen("all"):
            pass
        assert is_stopped(client.info.backend_pid)
        assert not is_stopped(cluster.postmaster.pid)


async def test_stranger_is_not_frozen(cluster: Cluster) -> None:
    stranger = Keeper.start()
    with stranger, pytest.raises(DeclarationError, match="none of this server's"):
        await cluster.freeze(stranger._process.pid)
