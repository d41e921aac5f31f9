"""One real server for all tests of this folder, whole again before each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture(scope="session")
def shared_cluster(keeper: Keeper) -> Iterator[Cluster]:
    cluster = asyncio.run(_make(keeper))
    yield cluster
    asyncio.run(cluster.close())


@pytest.fixture
async def cluster(shared_cluster: Cluster) -> Cluster:
    """The server, with a template ``t`` and its copy ``d``, both with a table ``numbers`` of the numbers 1 to 3."""
    await shared_cluster.start()
    return shared_cluster


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    """A client of database ``d``, as the service would be one."""
    connection = await AsyncConnection.connect(cluster.dsn("d"), autocommit=True, connect_timeout=10)
    yield connection
    await connection.close()


async def _make(keeper: Keeper) -> Cluster:
    cluster = await Cluster.create(keeper)
    await cluster.create_template(
        "t", ["CREATE TABLE numbers (n int PRIMARY KEY)", "INSERT INTO numbers VALUES (1), (2); INSERT INTO numbers VALUES (3)"]
    )
    await cluster.clone("t", "d")
    return cluster
