"""On which servers a rig can stand, and what it says of a service that does not start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.errors import ServiceError
from fraiseql_chaos.experiment import Application, Rig, RigSettings
from fraiseql_chaos.layers.wire.faults import AnswerError
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.workload.file import Workload

pytestmark = pytest.mark.anyio

NOTHING = Workload(operations=(), weights=(), unanswered=())


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig.start(RigSettings(seed=1, logs=tmp_path / "logs"))
    yield rig
    await rig.close()


async def test_a_server_of_the_users_may_be_behind_a_unix_socket(rig: Rig) -> None:
    """The edge connects there; a path is no host. Method: the control socket of a server of ours stands for the user's."""
    assert isinstance(rig.server, Cluster)
    await rig.server.create_template("users_own", (reference.SCHEMA_SQL.read_text(encoding="utf-8"),))
    await rig.server.clone("users_own", "chaos_users_own")
    other = await Rig.start(RigSettings(seed=1, dsn=rig.server.control_dsn("chaos_users_own"), own_database=True))
    try:
        deployment = await other.deploy()
        assert deployment.server.host.startswith("/")
        edge = deployment.ledgers().edge
        assert edge is not None
        assert edge.connections_opened > 0
        await deployment.close()
    finally:
        await other.close()
    await rig.server.drop("chaos_users_own")


async def test_an_app_that_does_not_import_is_named_and_its_log_is_kept(tmp_path: Path) -> None:
    application = Application(app="no_such_module:app", app_dir=tmp_path, sql=None, workload=NOTHING)
    rig = await Rig.start(RigSettings(seed=1, application=application, logs=tmp_path / "logs"))
    try:
        with pytest.raises(
            ServiceError, match=r"'no_such_module:app' could not be imported: ModuleNotFoundError.*nothing else was started"
        ) as refusal:
            await rig.deploy()
    finally:
        await rig.close()
    assert "no_such_module" in Path(str(refusal.value).rpartition(" ")[2]).read_text(), "the log it points to is there when somebody reads that"


async def test_tls_may_end_at_the_edge_and_messages_can_still_be_hit(tmp_path: Path) -> None:
    """The service verifies the edge as it would its database; without that, what it encrypts passes unread and faults on messages are refused."""
    rig = await Rig.start(RigSettings(seed=1, edge_tls=True, logs=tmp_path / "logs"))
    try:
        deployment = await rig.deploy()
        assert "sslmode=verify-full" in deployment.database_url
        assert deployment.way.proxy is not None
        deployment.way.proxy.arm("no", AnswerError(sqlstate="40001", trigger=Trigger(sql="SELECT 41")))
        async with await psycopg.AsyncConnection.connect(deployment.database_url, autocommit=True) as client:
            assert client.pgconn.ssl_in_use
            assert await (await client.execute("SELECT 42")).fetchone() == (42,)
            with pytest.raises(psycopg.errors.SerializationFailure):
                await client.execute("SELECT 41")
            assert await (await client.execute("SELECT 43")).fetchone() == (43,)
        await deployment.close()
    finally:
        await rig.close()
