"""A server of our own: it starts on every major, keeps its port, and what it has committed."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from fraiseql_chaos.errors import DeclarationError, InjectionError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster, available_majors, find_binaries
from fraiseql_chaos.rig.postgres.account import server_account
from fraiseql_chaos.rig.postgres.control import fetch

pytestmark = pytest.mark.anyio

type Client = AsyncConnection[tuple[Any, ...]]


@pytest.fixture
def long_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        deep = Path(name) / ("d" * 90)
        deep.mkdir()
        for path in (deep, deep.parent):
            path.chmod(0o711)
        monkeypatch.setenv("TMPDIR", str(deep))
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield deep


async def numbers(cluster: Cluster, database: str) -> list[int]:
    async with await AsyncConnection.connect(cluster.dsn(database), connect_timeout=10) as connection:
        return [n for (n,) in await (await connection.execute("SELECT n FROM numbers ORDER BY n")).fetchall()]


@pytest.mark.parametrize("major", available_majors())
async def test_every_major_starts_clones_crashes_and_recovers(keeper: Keeper, major: int) -> None:
    async with await Cluster.create(keeper, binaries=find_binaries(major)) as cluster:
        assert await fetch(cluster.control_dsn(), "SHOW server_version_num") == [(f"{major}00{cluster.version.split('.')[1]:0>2}",)]
        await cluster.create_template("t", ["CREATE TABLE numbers (n int)", "INSERT INTO numbers VALUES (1)"])
        await cluster.clone("t", "d")
        async with cluster.setting("max_connections", "17"):
            assert await fetch(cluster.control_dsn(), "SHOW max_connections") == [("17",)]
        async with cluster.crashed():
            pass
        assert await numbers(cluster, "d") == [1]
        assert "database system was not properly shut down" in " ".join(record.message for record in cluster.server_log.since(0)[0])


async def test_stopped_server_refuses_on_a_port_that_stays_ours(cluster: Cluster) -> None:
    async with cluster.stopped():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((cluster.host, cluster.port), timeout=5)
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((cluster.host, cluster.port))
    assert await numbers(cluster, "d") == [1, 2, 3]


async def test_crash_keeps_what_was_committed_and_nothing_else(cluster: Cluster) -> None:
    await cluster.clone("t", "crash")
    try:
        async with await AsyncConnection.connect(cluster.dsn("crash")) as connection:
            await connection.execute("INSERT INTO numbers VALUES (4)")
            await connection.commit()
            await connection.execute("INSERT INTO numbers VALUES (5)")
            async with cluster.crashed():
                with pytest.raises(psycopg.OperationalError):
                    await connection.execute("SELECT 1")
        assert await numbers(cluster, "crash") == [1, 2, 3, 4]
    finally:
        await cluster.drop("crash")


async def test_guard_heals_on_exception(cluster: Cluster) -> None:
    with pytest.raises(KeyError):
        async with cluster.stopped("immediate"):
            raise KeyError
    assert await numbers(cluster, "d") == [1, 2, 3]


async def test_guard_whose_server_cannot_come_back_says_so(cluster: Cluster) -> None:
    control, elsewhere = cluster.data / "global" / "pg_control", cluster.data / "pg_control"
    with pytest.raises(InjectionError, match=r"the server was crashed, and it could not be taken back(.|\n)*ended instead of starting"):
        async with cluster.crashed():
            control.rename(elsewhere)
    elsewhere.rename(control)


async def test_superuser_comes_through_the_socket_only(cluster: Cluster) -> None:
    with pytest.raises(DeclarationError, match="only come through the Unix socket"):
        cluster.dsn("d", user="postgres")
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects connection"):
        await AsyncConnection.connect(f"postgresql://postgres@{cluster.host}:{cluster.port}/postgres", connect_timeout=10)
    assert cluster.socket_directory.stat().st_mode & 0o077 == 0


async def test_edge_takes_the_servers_place_in_the_dsn(cluster: Cluster) -> None:
    assert cluster.dsn("d", user="u", via=("127.0.0.1", 1234)) == "postgresql://u@127.0.0.1:1234/d"


async def test_deep_temporary_directory_does_not_break_the_socket(long_temporary_directory: Path) -> None:
    """A socket's path has at most 107 bytes; the kernel is asked whether ours fits with the longest port there is."""
    with Keeper.start() as keeper:
        cluster = Cluster(keeper, binaries=find_binaries(), account=server_account())
        sockets = cluster.socket_directory
        assert long_temporary_directory in cluster.data.parents
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(sockets / ".s.PGSQL.65535"))
        assert sockets.stat().st_uid == server_account().uid
        cluster._held.close()
    assert not sockets.exists(), "the keeper removes it, too"


async def test_closing_leaves_neither_files_nor_port(keeper: Keeper) -> None:
    cluster = Cluster(keeper, binaries=find_binaries(), account=server_account())
    assert cluster.socket_directory.exists()
    await cluster.close()
    assert not cluster.data.parent.exists()
    with socket.socket() as stranger:
        stranger.bind((cluster.host, cluster.port))
