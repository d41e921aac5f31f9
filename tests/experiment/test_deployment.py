"""What is deployed shares nothing, and what is left of it is its log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fraiseql_chaos.experiment import Rig, RigSettings
from fraiseql_chaos.rig.postgres.control import fetch

pytestmark = pytest.mark.anyio


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
    assert len({one.way.address, other.way.address}) == len({one.database, other.database}) == len({one.service.url, other.service.url}) == 2
    assert await _databases(rig) == {one.database, other.database}
    assert one.describe()["postgresql"] == rig.server.version
    await one.close()
    assert await _databases(rig) == {other.database}
    assert one.service.exited() is not None
    assert other.service.exited() is None
    assert len(list((tmp_path / "logs").glob("*/service.log"))) == 2, "logs outlive their service"
