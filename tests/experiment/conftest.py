"""One rig for all tests of this folder, with a place for results and a service for each; a test that breaks the rig leaves a new one behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraiseql_chaos.experiment import Laboratory, LaboratorySettings, RigSettings, Service
from fraiseql_chaos.reports import RunFolder

_SETTINGS = LaboratorySettings(rig=RigSettings(seed=1), seed=1)


def _folder(path: Path) -> RunFolder:
    return RunFolder.join(path, seed=1, replay="none", started=datetime.now(UTC))


@pytest.fixture(scope="session")
async def shared_laboratory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    async with Laboratory(_SETTINGS, _folder(tmp_path_factory.mktemp("laboratory") / "run")) as laboratory:
        yield laboratory


@pytest.fixture
async def laboratory(shared_laboratory: Laboratory, tmp_path: Path) -> Laboratory:
    """The rig, if it lives, with a folder and settings of the test's own."""
    await shared_laboratory.drop_lost_rigs()
    shared_laboratory.folder = _folder(tmp_path / "run")
    shared_laboratory.settings = _SETTINGS
    return shared_laboratory


@pytest.fixture
async def service(laboratory: Laboratory) -> AsyncIterator[Service]:
    service = await laboratory.deploy()
    yield service
    await laboratory.drop_lost_rigs()
    await service.close()
