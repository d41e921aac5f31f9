"""What a server answers a login with, by its own SQLSTATE."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import psycopg
import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.probes.login import EdgeLogin
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import run

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await run(cluster.control_dsn(), "CREATE ROLE app LOGIN")
            yield cluster


def probe_of(cluster: Cluster, user: str) -> EdgeLogin:
    return EdgeLogin("127.0.0.1", cluster.port, user=user, database="postgres", within=seconds(5))


async def test_a_server_that_lets_us_in_is_well_and_is_left_at_once(cluster: Cluster) -> None:
    look = await probe_of(cluster, "app").look()
    assert (look.ok, look.value["sqlstate"], look.error) == (True, None, "")
    async with await psycopg.AsyncConnection.connect(cluster.control_dsn(), autocommit=True) as control, asyncio.timeout(10):
        while (await (await control.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")).fetchone()) != (0,):
            pass


async def test_a_refusal_comes_with_the_servers_own_sqlstate(cluster: Cluster) -> None:
    """Nobody is superuser over TCP: the access rules of our servers have no line for that."""
    look = await probe_of(cluster, "postgres").look()
    assert (look.ok, look.value["sqlstate"]) == (False, "28000")
    assert "pg_hba.conf" in look.error


async def test_what_is_no_postgresql_or_says_nothing_is_an_observation() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        look = await EdgeLogin(*server.sockets[0].getsockname(), user="a", database="b").look()
    assert not look.ok
    assert "none of a PostgreSQL server" in look.error
    with socket.create_server(("127.0.0.1", 0)) as silent:
        look = await EdgeLogin(*silent.getsockname(), user="a", database="b", within=ms(100)).look()
    assert (look.ok, look.error) == (False, "no answer within 100 ms")
