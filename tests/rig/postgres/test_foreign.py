"""A server that is not ours is touched only with leave, only in what SQL can do, and is as it was when we leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.errors import DeclarationError, InjectionError, RigError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster, ForeignServer, Server
from fraiseql_chaos.rig.postgres.control import fetch, run
from fraiseql_chaos.rig.postgres.port import HeldPort

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]


@pytest.fixture
async def untagged(cluster: Cluster) -> AsyncIterator[str]:
    """The DSN of a database that does not say that it is disposable, as its owner."""
    await run(cluster.control_dsn(), "CREATE DATABASE precious OWNER app")
    yield cluster.dsn("precious")
    await run(cluster.control_dsn(), "DROP DATABASE precious WITH (FORCE)")


async def test_database_that_is_not_disposable_is_refused_untouched(untagged: str, keeper: Keeper) -> None:
    with pytest.raises(DeclarationError, match=r"Nothing was touched(.|\n)*--i-own-this-database(.|\n)*COMMENT ON DATABASE \"precious\"") as caught:
        await ForeignServer.connect(untagged, keeper=keeper)
    assert "user app" in str(caught.value)


async def test_owners_word_is_enough(untagged: str, keeper: Keeper, cluster: Cluster) -> None:
    server = await ForeignServer.connect(untagged, keeper=keeper, i_own_this_database=True)
    assert (server.database, server.host, server.port, server.major) == ("precious", cluster.host, cluster.port, cluster.major)


async def test_printed_statement_makes_it_disposable(untagged: str, keeper: Keeper) -> None:
    with pytest.raises(DeclarationError) as caught:
        await ForeignServer.connect(untagged, keeper=keeper)
    await run(untagged, str(caught.value).splitlines()[-1])
    await ForeignServer.connect(untagged, keeper=keeper)


async def test_unreachable_server_is_named_without_the_password(keeper: Keeper) -> None:
    with HeldPort() as port, pytest.raises(RigError) as caught:
        await ForeignServer.connect(f"postgresql://u:hunter2@127.0.0.1:{port.number}/d", keeper=keeper)
    assert f"host 127.0.0.1, port {port.number}, as user u" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_sessions_of_the_named_database_can_be_ended_and_no_others(cluster: Cluster, client: Client, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.dsn("d"), keeper=keeper)
    await cluster.clone("t", "neighbour")
    async with await AsyncConnection.connect(cluster.dsn("neighbour")) as neighbour:
        assert await server.terminate_backends([client.info.backend_pid, neighbour.info.backend_pid]) == (client.info.backend_pid,)
        with pytest.raises(psycopg.errors.AdminShutdown):
            await client.execute("SELECT 1")
        await neighbour.execute("SELECT 1")
    with pytest.raises(DeclarationError, match="'neighbour' is not ours, and was not touched"):
        await server.cancel_backends(database="neighbour")
    await cluster.drop("neighbour")


async def test_superuser_changes_a_setting_and_puts_it_back(cluster: Cluster, client: Client, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.control_dsn("d"), keeper=keeper)
    await run(cluster.control_dsn(), "ALTER SYSTEM SET work_mem = '77kB'", 'ALTER SYSTEM SET search_path = a, "B c"', "SELECT pg_reload_conf()")
    before = (cluster.data / "postgresql.auto.conf").read_text()
    try:
        async with server.setting("work_mem", "65kB"), server.setting("search_path", "public"):
            assert await (await client.execute("SELECT current_setting('work_mem'), current_setting('search_path')")).fetchone() == ("65kB", "public")
        assert sorted((cluster.data / "postgresql.auto.conf").read_text().splitlines()) == sorted(before.splitlines())
    finally:
        await run(cluster.control_dsn(), "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


async def test_keeper_puts_a_setting_back_when_nobody_else_does(cluster: Cluster) -> None:
    keeper = Keeper.start()
    server = await ForeignServer.connect(cluster.control_dsn("d"), keeper=keeper)
    guard, file = server.setting("work_mem", "65kB"), cluster.data / "postgresql.auto.conf"
    await guard.__aenter__()
    assert "work_mem" in file.read_text()
    keeper.close()
    assert "work_mem" not in file.read_text()
    with pytest.raises(InjectionError, match=r"the keeper .* is gone"):
        await guard.__aexit__(None, None, None)


async def test_setting_that_needs_a_restart_is_refused(cluster: Cluster, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.control_dsn("d"), keeper=keeper)
    with pytest.raises(RigError, match=r"setting max_connections is not possible.*not ours to restart; nothing was touched"):
        async with server.setting("max_connections", "20"):
            pytest.fail("the guard opened")


async def test_ordinary_user_cannot_change_settings(cluster: Cluster, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.dsn("d"), keeper=keeper)
    assert server.verbs() == {"terminate_backends", "cancel_backends"}
    with pytest.raises(RigError, match=r"setting is not possible.*needs a superuser"):
        async with server.setting("work_mem", "65kB"):
            pytest.fail("the guard opened")


REFUSED: dict[str, Callable[[Server], Awaitable[object]]] = {
    "stop": lambda server: server.stop("fast"),
    "start": lambda server: server.start(),
    "restart": lambda server: server.restart(),
    "crash": lambda server: server.crash(),
    "freeze": lambda server: server.freeze("all"),
    "thaw": lambda server: server.thaw(),
    "stopped": lambda server: server.stopped().__aenter__(),
    "crashed": lambda server: server.crashed().__aenter__(),
    "frozen": lambda server: server.frozen("all").__aenter__(),
}


@pytest.mark.parametrize("verb", REFUSED)
async def test_verb_that_needs_the_process_is_refused_by_name(cluster: Cluster, keeper: Keeper, verb: str) -> None:
    server = await ForeignServer.connect(cluster.dsn("d"), keeper=keeper)
    assert verb not in server.verbs()
    with pytest.raises(RigError, match=rf"^{verb}\b.* is not possible on database 'd' on host 127.0.0.1.*nothing was touched"):
        await REFUSED[verb](server)


async def test_edge_takes_the_servers_place_and_the_password_stays(cluster: Cluster, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.dsn("d").replace("app@", "app:secret@"), keeper=keeper)
    assert server.dsn("d", via=("127.0.0.1", 1234)) == "postgresql://app:secret@127.0.0.1:1234/d"
    assert server.dsn("d", user="other", via=("127.0.0.1", 1234)) == "postgresql://other@127.0.0.1:1234/d"


async def test_foreign_server_is_never_stopped_by_closing(cluster: Cluster, keeper: Keeper) -> None:
    await ForeignServer.connect(cluster.dsn("d"), keeper=keeper)
    assert await fetch(cluster.control_dsn(), "SELECT 1") == [(1,)]
