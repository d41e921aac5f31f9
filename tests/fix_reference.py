"""A server with the reference database on it, and for whoever asks a copy of that database, or a reference service on one."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psycopg
import pytest
from psycopg.rows import TupleRow

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.reference import HARDENED, SCHEMA_SQL, SERVICE_DIRECTORY, STOCK
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.service import Service
from fraiseql_chaos.workload.model import Case, GraphQLOperation

__all__ = ["Reference", "Seeded", "reference", "reference_server", "seeded"]

type Seeded = psycopg.AsyncConnection[tuple[Json, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference service, a client of it, and a way to its database that does not lead through it."""

    app: str
    service: Service
    http: aiohttp.ClientSession
    control_dsn: str

    async def ask(self, operation: GraphQLOperation, case: Case) -> JsonObject:
        """Return the whole answer to one request."""
        body = {"query": operation.document, "variables": case.variables}
        async with self.http.post(f"{self.service.url}/graphql", json=body) as response:
            assert response.status == 200
            answer: JsonObject = await response.json()
        return answer

    async def rows(self, query: str) -> list[TupleRow]:
        """Ask the database itself."""
        async with await psycopg.AsyncConnection.connect(self.control_dsn) as connection:
            return await (await connection.execute(query)).fetchall()


@pytest.fixture(scope="session")
async def reference_server() -> AsyncIterator[Cluster]:
    """A server whose template ``reference`` is the reference database."""
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await cluster.create_template("reference", [SCHEMA_SQL.read_text(encoding="utf-8")])
            yield cluster


@pytest.fixture(scope="session", params=[STOCK, HARDENED])
async def reference(request: pytest.FixtureRequest, reference_server: Cluster) -> AsyncIterator[Reference]:
    """Each of the two reference services on a database of its own."""
    app: str = request.param
    database = app.partition(":")[0]
    await reference_server.clone("reference", database)
    with Keeper.start() as keeper:
        service = await Service.start(
            keeper,
            python=Path(sys.executable),
            app=app,
            app_dir=SERVICE_DIRECTORY,
            database_url=reference_server.dsn(database),
            observer=keeper.directory / "pool.sock",
        )
        async with aiohttp.ClientSession() as http:
            yield Reference(app=app, service=service, http=http, control_dsn=reference_server.control_dsn(database))
        await service.terminate()


@pytest.fixture
async def seeded(reference_server: Cluster) -> AsyncIterator[Seeded]:
    """A connection to a fresh copy of the reference database."""
    await reference_server.clone("reference", "seeded")
    async with await psycopg.AsyncConnection[tuple[Json, ...]].connect(reference_server.control_dsn("seeded")) as connection:
        yield connection
    await reference_server.drop("seeded")
