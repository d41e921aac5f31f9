"""Stopped processes are stopped when we say so, and run again when we say so."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.rig.keeper import Child, Keeper
from fraiseql_chaos.rig.postgres.freezing import Freezer, is_stopped

pytestmark = pytest.mark.anyio


@pytest.fixture
def sleeper(keeper: Keeper, tmp_path: Path) -> Iterator[Child]:
    child = keeper.spawn(["/bin/sleep", "600"], name="sleep", log=tmp_path / "log", env={})
    yield child
    if keeper.exit_status(child) is None:
        os.kill(child.pid, signal.SIGKILL)


async def test_frozen_process_is_stopped_until_it_is_thawed(keeper: Keeper, sleeper: Child) -> None:
    freezer = Freezer(keeper)
    assert await freezer.freeze([sleeper.pid]) == (sleeper.pid,)
    assert is_stopped(sleeper.pid) is True
    await freezer.thaw()
    assert is_stopped(sleeper.pid) is False
    assert freezer.pids == ()


async def test_process_is_frozen_once_only(keeper: Keeper, sleeper: Child) -> None:
    freezer = Freezer(keeper)
    await freezer.freeze([sleeper.pid])
    assert await freezer.freeze([sleeper.pid]) == ()
    await freezer.thaw([sleeper.pid])


async def test_process_that_is_gone_is_not_frozen(keeper: Keeper, sleeper: Child) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    await wait_until(lambda: keeper.exit_status(sleeper) is not None, within=seconds(5), what="the end of sleep")
    assert is_stopped(sleeper.pid) is None
    assert await Freezer(keeper).freeze([sleeper.pid]) == ()


async def test_keeper_thaws_what_nobody_else_does(sleeper: Child) -> None:
    with Keeper.start() as other:
        await Freezer(other).freeze([sleeper.pid])
        assert is_stopped(sleeper.pid) is True
    assert is_stopped(sleeper.pid) is False
