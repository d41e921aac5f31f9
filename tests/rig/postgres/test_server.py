"""Both kinds of server speak the same language, and say which words they know."""

from __future__ import annotations

import pytest

from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import VERBS, Cluster, ForeignServer, Server
from fraiseql_chaos.rig.postgres.control import fetch

pytestmark = pytest.mark.anyio


def test_every_verb_is_a_method_of_our_own_server() -> None:
    assert [verb for verb in sorted(VERBS) if not callable(getattr(Cluster, verb, None))] == []


def test_both_servers_have_everything_of_the_protocol() -> None:
    words = {name for name in vars(Server) if not name.startswith("_")} - {"host", "port", "version", "major", "server_log"}
    assert [(kind.__name__, word) for kind in (Cluster, ForeignServer) for word in sorted(words) if not callable(getattr(kind, word, None))] == []


async def test_type_checker_agrees(cluster: Cluster, keeper: Keeper) -> None:
    servers: tuple[Server, ...] = (cluster, await ForeignServer.connect(cluster.dsn("d"), keeper=keeper))
    assert [server.verbs() == VERBS for server in servers] == [True, False]


async def test_a_database_is_made_by_scripts_once_and_copied_from_then_on(cluster: Cluster) -> None:
    """Each copy is its owner's alone; other scripts make another."""
    made = [
        await cluster.provide_database(name, scripts)
        for name, scripts in (("one", ["CREATE TABLE a ()"]), ("two", ["CREATE TABLE a ()"]), ("three", []))
    ]
    templates = await fetch(cluster.control_dsn(), "SELECT count(*) FROM pg_database WHERE datistemplate AND datname LIKE 'template\\_%'")
    tables = [await fetch(cluster.control_dsn(name), "SELECT count(*) FROM pg_tables WHERE tablename = 'a'") for name in made]
    for name in made:
        await cluster.discard_database(name)
    assert (made, templates, tables) == (["one", "two", "three"], [(2,)], [[(1,)], [(1,)], [(0,)]])
    assert await fetch(cluster.control_dsn(), "SELECT count(*) FROM pg_database WHERE datname IN ('one', 'two', 'three')") == [(0,)]


async def test_a_database_of_the_users_is_used_as_it_is_and_left(cluster: Cluster, keeper: Keeper) -> None:
    server = await ForeignServer.connect(cluster.dsn("d"), keeper=keeper)
    assert await server.provide_database("chaos_1", ["DROP TABLE numbers"]) == "d"
    await server.discard_database("d")
    await server.close()
    assert await fetch(cluster.dsn("d"), "SELECT count(*) FROM numbers") == [(3,)]
    assert (server.ended(), server.server_log) == (None, None)
