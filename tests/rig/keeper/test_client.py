"""The keeper as its users see it: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.keeper import Child, Keeper, RemoveTree
from fraiseql_chaos.rig.keeper.processes import start_ticks

type Eventually = Callable[[Callable[[], object], float], None]

_RUNNER = """
import os, signal, sys
from pathlib import Path
from fraiseql_chaos.rig.keeper import Continue, Keeper, RemoveTree
keeper = Keeper.start()
outside = Path(sys.argv[1]); keeper.protect(RemoveTree(str(outside))); outside.mkdir()
sleeper = keeper.spawn(["/bin/sh", "-c", "sleep 300 & sleep 300"], name="sleeper", log=keeper.directory / "log", env={"PATH": "/usr/bin:/bin"})
stopped = keeper.spawn(["/bin/sleep", "300"], name="stopped", log=keeper.directory / "log", env={})
os.kill(stopped.pid, signal.SIGSTOP)
print(sleeper.pid, stopped.pid, keeper._process.pid, flush=True)
signal.pause()
"""


def _sleep(keeper: Keeper) -> Child:
    return keeper.spawn(["/bin/sleep", "300"], name="sleeper", log=keeper.directory / "log", env={})


@pytest.fixture
def keeper(lease_root: Path) -> Iterator[Keeper]:
    assert lease_root.is_dir()
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture
def runner(lease_root: Path) -> Iterator[tuple[subprocess.Popen[str], list[int], Path]]:
    """A runner of its own, with a sleeping child, a grandchild, a stopped child and a directory elsewhere."""
    outside = lease_root / "outside"
    process = subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(outside)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(lease_root)},
    )
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    yield process, pids, outside
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_child_runs_below_the_keeper_in_a_session_of_its_own(keeper: Keeper) -> None:
    child = _sleep(keeper)
    assert os.getsid(child.pid) == child.pid
    assert keeper.exit_status(child) is None


def test_the_end_of_a_child_is_noticed_with_its_signal(keeper: Keeper, eventually: Eventually) -> None:
    child = _sleep(keeper)
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: keeper.exit_status(child) is not None, 2)
    assert keeper.exit_status(child) == -signal.SIGKILL


def test_the_exit_code_of_a_child_is_told(keeper: Keeper, eventually: Eventually) -> None:
    child = keeper.spawn(["/bin/sh", "-c", "exit 7"], name="seven", log=keeper.directory / "log", env={})
    eventually(lambda: keeper.exit_status(child) is not None, 2)
    assert keeper.exit_status(child) == 7


def test_output_goes_to_the_log(keeper: Keeper, eventually: Eventually) -> None:
    log = keeper.directory / "log"
    child = keeper.spawn(["/bin/sh", "-c", "echo out; echo err >&2"], name="echo", log=log, env={})
    eventually(lambda: keeper.exit_status(child) == 0, 2)
    assert log.read_text().split() == ["out", "err"]


def test_a_child_gets_the_environment_given_and_no_other(keeper: Keeper, eventually: Eventually) -> None:
    log = keeper.directory / "log"
    child = keeper.spawn(["/usr/bin/env"], name="env", log=log, env={"GIVEN": "yes"})
    eventually(lambda: keeper.exit_status(child) == 0, 2)
    assert sorted(log.read_text().split()) == [f"FRAISEQL_CHAOS_LEASE={keeper.lease}", "GIVEN=yes"]


def test_what_cannot_be_started_is_an_error_that_names_it(keeper: Keeper) -> None:
    with pytest.raises(RigError, match="/no/such/program: No such file"):
        keeper.spawn(["/no/such/program"], name="none", log=keeper.directory / "log", env={})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process as somebody else")
def test_a_child_of_another_user_dies_with_the_keeper_too(keeper: Keeper, eventually: Eventually) -> None:
    child = keeper.spawn(["/bin/sleep", "300"], name="other", log=keeper.directory / "log", env={}, uid=65534, gid=65534)
    assert Path(f"/proc/{child.pid}").stat().st_uid == 65534
    os.kill(keeper._process.pid, signal.SIGKILL)
    eventually(lambda: start_ticks(child.pid) is None, 2)
    with pytest.raises(RigError, match="is gone"):
        keeper.exit_status(child)


def test_closing_kills_everything_and_removes_everything(lease_root: Path) -> None:
    keeper = Keeper.start()
    child = _sleep(keeper)
    os.kill(child.pid, signal.SIGSTOP)
    keeper.close()
    assert start_ticks(child.pid) is None
    assert list(lease_root.iterdir()) == []
    keeper.close()


def test_when_the_runner_is_killed_everything_is_gone_within_two_seconds(
    runner: tuple[subprocess.Popen[str], list[int], Path], lease_root: Path, eventually: Eventually
) -> None:
    process, pids, outside = runner
    assert outside.is_dir()
    process.kill()
    eventually(lambda: all(start_ticks(pid) is None for pid in pids) and list(lease_root.iterdir()) == [], 2)


def test_what_a_killed_keeper_left_is_swept_at_the_next_start(
    runner: tuple[subprocess.Popen[str], list[int], Path], lease_root: Path, eventually: Eventually
) -> None:
    process, (sleeper, stopped, keeper_pid), outside = runner
    os.kill(keeper_pid, signal.SIGKILL)
    process.kill()
    eventually(lambda: start_ticks(sleeper) is None and start_ticks(stopped) is None, 2)
    assert outside.is_dir(), "nobody was there to remove it"
    with Keeper.start() as keeper:
        assert keeper.swept == ()
        assert not outside.exists()
        assert sorted(path.name for path in (lease_root / f"fraiseql-chaos-{os.getuid()}").iterdir()) == [keeper.lease, f"{keeper.lease}.lock"]


def test_a_living_keeper_is_not_swept(keeper: Keeper) -> None:
    child = _sleep(keeper)
    with Keeper.start() as other:
        assert other.lease != keeper.lease
    assert keeper.exit_status(child) is None


def test_what_is_released_is_not_undone(lease_root: Path) -> None:
    kept, removed = lease_root / "kept", lease_root / "removed"
    with Keeper.start() as keeper:
        protection = keeper.protect(RemoveTree(str(kept)))
        keeper.protect(RemoveTree(str(removed)))
        kept.mkdir()
        removed.mkdir()
        keeper.release(protection)
    assert kept.is_dir()
    assert not removed.exists()
