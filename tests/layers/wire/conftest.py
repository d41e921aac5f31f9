"""One real server for all tests of this folder, and a relay with our engine in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster
from layers.wire.relay import Relay, relaying

TABLES = """
CREATE TABLE numbers (n int PRIMARY KEY, word text);
INSERT INTO numbers SELECT n, 'word ' || n FROM generate_series(1, 1000) n;
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO accounts VALUES (1, 100), (2, 100)
"""


@pytest.fixture(scope="session")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await cluster.create_template("wire", [TABLES])
            yield cluster


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[str]:
    """A database of the test's own, with a table ``numbers`` of 1 to 1000 and a table ``accounts`` of two."""
    await cluster.clone("wire", "own")
    yield "own"
    await cluster.drop("own")


@pytest.fixture(params=[None, 1, 7], ids=["whole", "bytes", "sevens"])
async def relay(request: pytest.FixtureRequest, cluster: Cluster) -> AsyncIterator[Relay]:
    """A relay in front of the server: with chunks as they come, byte by byte, and in pieces of seven."""
    async with relaying(cluster.port, piece=request.param) as relay:
        yield relay
