"""Sessions end, or only what they do, and never our own."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import fetch, session

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]


async def test_terminated_session_gets_57p01_and_the_log_says_so(cluster: Cluster, client: Client) -> None:
    position, backend = cluster.server_log.end(), client.info.backend_pid
    assert await cluster.terminate_backends([backend]) == (backend,)
    with pytest.raises(psycopg.errors.AdminShutdown):
        await client.execute("SELECT 1")
    assert ("FATAL", "57P01", backend) in {(record.severity, record.sqlstate, record.pid) for record in cluster.server_log.since(position)[0]}


async def test_cancelled_statement_gets_57014_and_the_session_stays(cluster: Cluster, client: Client) -> None:
    sleeping = asyncio.create_task(client.execute("SELECT pg_sleep(60)"))

    async def active() -> list[tuple[Any, ...]]:
        return await fetch(
            cluster.control_dsn(), "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'", [client.info.backend_pid]
        )

    _: list[tuple[Any, ...]] = await wait_until(active, within=seconds(5), what="the sleep")
    assert await cluster.cancel_backends(database="d") == (client.info.backend_pid,)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await sleeping
    await client.execute("SELECT 1")


async def test_other_databases_and_our_own_sessions_are_spared(cluster: Cluster, client: Client) -> None:
    async with session(cluster.control_dsn("d")) as ours:
        assert await cluster.terminate_backends(database="postgres") == ()
        assert await cluster.terminate_backends([client.info.backend_pid], database="postgres") == ()
        assert await cluster.terminate_backends([ours.info.backend_pid]) == ()
        assert await cluster.terminate_backends(database="d") == (client.info.backend_pid,)
        await ours.execute("SELECT 1")


async def test_nobody_named_means_nobody(cluster: Cluster, client: Client) -> None:
    with pytest.raises(DeclarationError, match="no session was touched"):
        await cluster.terminate_backends()
    await client.execute("SELECT 1")
