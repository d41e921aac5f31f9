"""One rig for the collections of this folder, and one short collection that several tests look at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.experiment import Rig, RigSettings
from fraiseql_chaos.experiment.baseline import BaselinePlan, collect

SETTINGS = RigSettings(seed=1)

SHORT = BaselinePlan(repetitions=2, requests={1: 4, 10: 10, 50: 50}, samples=5)


@pytest.fixture(scope="session")
async def baseline_rig() -> AsyncIterator[Rig]:
    rig = await Rig.start(SETTINGS)
    yield rig
    await rig.close()


@pytest.fixture(scope="session")
def progress() -> list[str]:
    return []


@pytest.fixture(scope="session")
async def collected(baseline_rig: Rig, progress: list[str]) -> Baseline:
    """A whole collection of the reference service, everything real, with few samples."""
    return await collect(baseline_rig.deploy, SETTINGS, SHORT, seed=7, say=progress.append)
