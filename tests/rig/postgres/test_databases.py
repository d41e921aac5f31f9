"""Databases are copied from templates, are marked as ours, and only ours are dropped."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import APPLICATION_ROLE, Cluster
from fraiseql_chaos.rig.postgres.control import fetch, run

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]

ABOUT = """
SELECT pg_get_userbyid(datdba), datistemplate, datallowconn, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s
"""


async def test_copy_belongs_to_the_application_and_says_that_it_is_disposable(cluster: Cluster, keeper: Keeper) -> None:
    tag = f"fraiseql-chaos disposable {keeper.lease}"
    assert await fetch(cluster.control_dsn(), ABOUT, ["d"]) == [(APPLICATION_ROLE, False, True, tag)]
    assert await fetch(cluster.control_dsn(), ABOUT, ["t"]) == [(APPLICATION_ROLE, True, False, tag)]


async def test_application_is_no_superuser_and_may_change_its_tables(client: Client) -> None:
    rows = await client.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    assert await rows.fetchone() == (APPLICATION_ROLE, False)
    await client.execute("ALTER TABLE numbers ADD x int; ALTER TABLE numbers DROP x")


async def test_copies_do_not_share_rows(cluster: Cluster, client: Client) -> None:
    await cluster.clone("t", "Other 'name\"")
    async with await AsyncConnection.connect(cluster.dsn("Other 'name\""), autocommit=True) as other:
        await other.execute("INSERT INTO numbers VALUES (4)")
    assert await (await client.execute("SELECT max(n) FROM numbers")).fetchone() == (3,)
    await cluster.drop("Other 'name\"")


async def test_statistics_come_with_the_copy(cluster: Cluster) -> None:
    assert await fetch(cluster.control_dsn("d"), "SELECT reltuples FROM pg_class WHERE relname = 'numbers'") == [(3.0,)]


async def test_failing_script_is_named_and_leaves_no_database(cluster: Cluster) -> None:
    with pytest.raises(DeclarationError, match=r"template 'half', script 2: syntax error(.|\n)*the database was removed again"):
        await cluster.create_template("half", ["CREATE TABLE x ()", "CREATE TABEL y ()"])
    assert await fetch(cluster.control_dsn(), ABOUT, ["half"]) == []


async def test_dropping_ends_the_sessions_in_it(cluster: Cluster) -> None:
    await cluster.clone("t", "doomed")
    connection = await AsyncConnection.connect(cluster.dsn("doomed"))
    await cluster.drop("doomed")
    await connection.close()
    assert await fetch(cluster.control_dsn(), ABOUT, ["doomed"]) == []


async def test_template_can_be_dropped(cluster: Cluster) -> None:
    await cluster.create_template("brief", [])
    await cluster.drop("brief")
    assert await fetch(cluster.control_dsn(), ABOUT, ["brief"]) == []


async def test_what_is_not_ours_is_not_dropped(cluster: Cluster) -> None:
    await run(cluster.control_dsn(), "CREATE DATABASE precious")
    with pytest.raises(DeclarationError, match="'precious' is not ours to drop"):
        await cluster.drop("precious")
    await run(cluster.control_dsn(), "DROP DATABASE precious")


@pytest.mark.parametrize(
    ("template", "name", "complaint"),
    [("t", "d", "is a database 'd' already"), ("d", "e", "no template 'd'"), ("t", "n" * 64, "1 to 63 bytes"), ("t", "", "1 to 63 bytes")],
)
async def test_impossible_copy_is_refused(cluster: Cluster, template: str, name: str, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        await cluster.clone(template, name)
