"""A setting is changed for real, and what was there before is there again."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import fetch, run
from fraiseql_chaos.rig.postgres.settings import put_back

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]


def system_settings(cluster: Cluster) -> list[str]:
    lines = (cluster.data / "postgresql.auto.conf").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


async def shown(client: Client, name: str) -> str:
    row = await (await client.execute(f"SHOW {name}".encode())).fetchone()
    assert row is not None
    return str(row[0])


async def test_open_sessions_see_the_change_and_its_end(cluster: Cluster, client: Client) -> None:
    before = await shown(client, "work_mem")
    async with cluster.setting("work_mem", "65kB"):
        assert await shown(client, "work_mem") == "65kB"
    assert await shown(client, "work_mem") == before
    assert system_settings(cluster) == []


async def test_setting_that_needs_a_restart_is_changed_and_restored(cluster: Cluster) -> None:
    before = await fetch(cluster.control_dsn(), "SHOW max_connections")
    async with cluster.setting("max_connections", "23"):
        assert await fetch(cluster.control_dsn(), "SHOW max_connections") == [("23",)]
    assert await fetch(cluster.control_dsn(), "SHOW max_connections") == before
    assert system_settings(cluster) == []


@pytest.mark.parametrize("name", ["work_mem", "WORK_MEM"])
async def test_earlier_alter_system_is_restored(cluster: Cluster, client: Client, name: str) -> None:
    await run(cluster.control_dsn(), "ALTER SYSTEM SET work_mem = '77kB'", "ALTER SYSTEM SET lock_timeout = '9s'")
    before = system_settings(cluster)
    try:
        async with cluster.setting(name, "65kB"):
            assert await shown(client, "work_mem") == "65kB"
        assert await shown(client, "work_mem") == "77kB"
        assert sorted(system_settings(cluster)) == sorted(before)
    finally:
        await run(cluster.control_dsn(), "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


async def test_settings_may_be_nested_and_left_in_any_order(cluster: Cluster, client: Client) -> None:
    outer, inner = cluster.setting("work_mem", "65kB"), cluster.setting("lock_timeout", "9s")
    await outer.__aenter__()
    await inner.__aenter__()
    await outer.__aexit__(None, None, None)
    assert await shown(client, "lock_timeout") == "9s"
    await inner.__aexit__(None, None, None)
    assert await shown(client, "lock_timeout") == "0"
    assert system_settings(cluster) == []


@pytest.mark.parametrize("value", ['"$user", public', 'a, "B c"', '""'])
async def test_list_is_set_item_by_item(cluster: Cluster, client: Client, value: str) -> None:
    async with cluster.setting("search_path", value):
        assert await shown(client, "search_path") == value


async def test_timeout_for_everybody_does_not_bind_ourselves(cluster: Cluster, client: Client) -> None:
    async with cluster.setting("statement_timeout", "1ms"):
        with pytest.raises(psycopg.errors.QueryCanceled):
            await client.execute("SELECT pg_sleep(10)")
    await client.execute("SELECT pg_sleep(0.01)")


async def test_read_only_server_is_healed(cluster: Cluster, client: Client) -> None:
    async with cluster.setting("default_transaction_read_only", "on"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await client.execute("CREATE TABLE refused ()")
    await client.execute("CREATE TEMPORARY TABLE accepted ()")


async def test_setting_that_lets_nobody_in_is_taken_back(cluster: Cluster) -> None:
    """Not even we can connect any more, so the way back leads through the file."""
    with pytest.raises(RigError, match='could not access file "nowhere"'):
        async with cluster.setting("session_preload_libraries", "nowhere"):
            pass
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]
    assert system_settings(cluster) == []


async def test_value_the_server_cannot_start_with_is_taken_back(cluster: Cluster) -> None:
    with pytest.raises(RigError, match=r'ended instead of starting(.|\n)*FATAL:.*"nowhere"'):
        async with cluster.setting("shared_preload_libraries", "nowhere"):
            pass
    assert await fetch(cluster.control_dsn(), "SHOW shared_preload_libraries") == [("",)]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("no_such_setting", "1", "knows no setting 'no_such_setting'"),
        ("work_mem", "much", "invalid value for parameter"),
        ("server_version", "9", "was fixed when the server was built"),
        ("port", "5432", "fixed by the server's command line"),
        ("data_directory", "elsewhere", "cannot be changed"),
    ],
)
async def test_what_cannot_be_changed_is_refused(cluster: Cluster, name: str, value: str, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        async with cluster.setting(name, value):
            pytest.fail("the guard opened")
    assert system_settings(cluster) == []


def test_put_back_restores_one_line_and_keeps_the_others() -> None:
    before = "# head\na = '1'\nb = '2'\n"
    assert put_back("# head\nB = '9'\nc = '3'\n", before, "b") == "# head\nc = '3'\nb = '2'\n"
    assert put_back("# head\na = '1'\n", "# head\n", "a") == "# head\n"
