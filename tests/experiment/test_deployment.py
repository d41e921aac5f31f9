"""What is deployed, where it cannot be, and what is left of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.errors import DeclarationError, ServiceError
from fraiseql_chaos.experiment import Application, Rig, RigSettings
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import fetch
from fraiseql_chaos.workload.file import Workload

pytestmark = pytest.mark.anyio

NOTHING = Workload(operations=(), weights=(), unanswered=())


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig.start(RigSettings(seed=1, logs=tmp_path / "logs"))
    yield rig
    await rig.close()


async def _databases(rig: Rig) -> set[str]:
    rows = await fetch(rig.server.control_dsn(), "SELECT datname FROM pg_database WHERE datname LIKE 'chaos%'")
    return {row[0] for row in rows}


async def test_two_deployments_share_nothing_but_the_server(rig: Rig, tmp_path: Path) -> None:
    one, other = await rig.deploy(), await rig.deploy("hardened")
    assert len({one.address, other.address}) == len({one.database, other.database}) == len({one.service.url, other.service.url}) == 2
    assert await _databases(rig) == {one.database, other.database}
    assert one.describe()["postgresql"] == rig.server.version
    await one.close()
    assert await _databases(rig) == {other.database}
    assert one.service.exited() is not None
    assert other.service.exited() is None
    assert len(list((tmp_path / "logs").glob("*/service.log"))) == 2, "logs outlive their service"


async def test_a_server_of_the_users_may_be_behind_a_unix_socket(rig: Rig) -> None:
    """The edge connects there; a path is no host. Method: the control socket of a server of ours stands for the user's."""
    assert isinstance(rig.server, Cluster)
    await rig.server.create_template("users_own", (reference.SCHEMA_SQL.read_text(encoding="utf-8"),))
    await rig.server.clone("users_own", "chaos_users_own")
    other = await Rig.start(RigSettings(seed=1, dsn=rig.server.control_dsn("chaos_users_own"), own_database=True))
    try:
        deployment = await other.deploy()
        assert deployment.server.host.startswith("/")
        assert deployment.ledger().connections_opened > 0
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


@pytest.mark.parametrize("app", ["module", ":app", "module:"])
def test_an_app_is_a_module_and_an_attribute(app: str) -> None:
    with pytest.raises(DeclarationError, match=r"write module:attribute.*nothing was started"):
        Application(app=app, app_dir=None, sql=None, workload=NOTHING)


def test_a_reference_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(DeclarationError, match="'soft'; there are stock, hardened; nothing was started"):
        Application.reference("soft")
