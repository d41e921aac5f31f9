"""Processes are named by number and start time, never by number alone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.rig.keeper.processes import descendants, remove_shared_memory, signal_if_same, start_ticks

type Eventually = Callable[[Callable[[], object], float], None]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["/bin/sleep", "300"])
    yield process
    process.kill()
    process.wait()


def test_a_signal_reaches_the_process_it_is_meant_for(sleeper: subprocess.Popen[bytes]) -> None:
    ticks = start_ticks(sleeper.pid)
    assert ticks is not None
    assert signal_if_same(sleeper.pid, ticks, signal.SIGTERM)
    assert sleeper.wait(timeout=2) == -signal.SIGTERM


def test_a_number_that_means_another_process_by_now_gets_no_signal(sleeper: subprocess.Popen[bytes]) -> None:
    ticks = start_ticks(sleeper.pid)
    assert ticks is not None
    assert not signal_if_same(sleeper.pid, ticks - 1, signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_process_that_ended_but_was_not_reaped_counts_as_gone(sleeper: subprocess.Popen[bytes], eventually: Eventually) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    eventually(lambda: start_ticks(sleeper.pid) is None, 2)


def test_descendants_are_found_at_any_depth(eventually: Eventually) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sh -c 'sleep 300; true' & wait"]) as shell:
        eventually(lambda: len(descendants(shell.pid)) == 2, 2)
        assert descendants(shell.pid) < descendants(os.getpid())
        for pid in descendants(shell.pid):
            os.kill(pid, signal.SIGKILL)
        shell.kill()


def test_only_unattached_segments_of_the_named_creators_are_removed() -> None:
    libc = ctypes.CDLL(None)
    shmid = libc.shmget(0, 4096, 0o600)

    def exists() -> bool:
        return any(line.split()[1] == str(shmid) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:])

    remove_shared_memory({os.getpid() + 1})
    assert exists()
    remove_shared_memory({os.getpid()})
    assert not exists()
