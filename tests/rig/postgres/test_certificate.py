"""A server of ours that speaks TLS is vouched for by an authority of its own, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import make_conninfo

from fraiseql_chaos.layers.wire.authority import Authority
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster

pytestmark = pytest.mark.anyio


@pytest.fixture
async def speaker(keeper: Keeper) -> AsyncIterator[Cluster]:
    async with await Cluster.create(keeper, tls=True) as cluster:
        await cluster.create_template("t", [])
        await cluster.clone("t", "d")
        yield cluster


async def test_clients_insist_on_tls_and_on_who_vouches_for_the_server(speaker: Cluster, tmp_path: Path) -> None:
    async with await AsyncConnection.connect(speaker.dsn("d")) as client:
        assert client.pgconn.ssl_in_use
    (stranger := tmp_path / "stranger.crt").write_text(Authority().root, encoding="ascii")
    with pytest.raises(OperationalError, match="certificate verify failed"):
        await AsyncConnection.connect(make_conninfo(speaker.dsn("d"), sslrootcert=str(stranger)))


async def test_who_does_not_ask_for_tls_goes_without(speaker: Cluster) -> None:
    async with await AsyncConnection.connect(make_conninfo(speaker.dsn("d"), sslmode="disable")) as client:
        assert not client.pgconn.ssl_in_use
