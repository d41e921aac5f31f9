"""What measures time runs alone and last, also between workers; nothing else is held up."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

RUN_WITHIN_S = 120


@pytest.fixture(autouse=True)
def turns_of_their_own(lease_root: Path) -> None:
    """Runs inside a test take turns among themselves: another suite on this machine neither holds them up nor is held up."""


@pytest.fixture(autouse=True)
def made_histories_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a run in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


ORDER = """
import pytest

@pytest.mark.alone
def test_first_in_the_file(load): ...

def test_second(load): ...

def test_with_a_baseline(baseline): ...

@pytest.mark.alone
def test_theirs(): ...

@pytest.mark.alone
def test_fourth(load): ...

def test_fifth(): ...
"""

SIDE_BY_SIDE = '''
"""Each test leaves a mark while it runs; whoever runs side by side sees the marks of others."""

import fcntl
import time
from pathlib import Path

import pytest

from fraiseql_chaos.experiment.turns import turns_root

RUNNING = Path(__file__).parent / "running"
SEEN = Path(__file__).parent / "seen"


@pytest.fixture(autouse=True)
def mark(request):
    RUNNING.mkdir(exist_ok=True)
    SEEN.mkdir(exist_ok=True)
    mine = RUNNING / request.node.name
    mine.touch()
    (SEEN / request.node.name).touch()
    yield
    mine.unlink()


def others(name):
    return sorted(path.name for path in RUNNING.iterdir() if path.name != name)


def wait(condition, within_s):
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.01)
    return False


def was_seen(name):
    return lambda: (SEEN / name).exists()


def somebody_is_next():
    with (turns_root() / "turn").open() as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_beside(load, request):
    """The two meet each other only if they run side by side."""
    assert wait(was_seen("test_beside_too"), 60)


def test_beside_too(load, request):
    """It is still there when the other worker is at the test that runs alone, and does not meet it."""
    assert wait(was_seen("test_beside"), 60)
    assert wait(somebody_is_next, 60)
    assert not wait(was_seen("test_alone"), 0.5)


@pytest.mark.alone
def test_alone(load, request):
    assert others(request.node.name) == []
'''

TIMING = """
from pathlib import Path

import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    Path("begun").touch()
    return (yield)
"""


def test_tests_that_run_alone_come_last_and_keep_their_order(project: Project) -> None:
    """A mark on a test that is not ours says nothing to us; a baseline is measured, and needs no mark."""
    result = project(ORDER, "--collect-only", "-q")
    order = [line.rpartition("::")[2] for line in result.outlines if "::" in line]
    assert order == ["test_second", "test_theirs", "test_fifth", "test_first_in_the_file", "test_with_a_baseline", "test_fourth"]


def test_workers_run_side_by_side_what_may_and_alone_what_must(project: Project, pytester: pytest.Pytester) -> None:
    """Two tests that wait for each other pass, so they met; the one that runs alone meets nobody, and its worker says that it waits."""
    project("")  # writes the project
    pytester.makepyfile(test_project=SIDE_BY_SIDE)
    result = pytester.runpytest_subprocess("-p", "xdist", "-n2", "-v", timeout=RUN_WITHIN_S)
    result.assert_outcomes(passed=3)
    assert "     test_alone waits until it is alone on this machine, because it measures time" in result.stderr.str()


def test_the_wait_is_said_and_a_killed_run_holds_nobody_up(project: Project, pytester: pytest.Pytester) -> None:
    """
    Between runs that know nothing of each other: one has its turn until it is killed, the other says that it waits, and goes on then.

    The wait comes before whatever else wraps a test, as a plugin that limits its time does.
    """
    project("")
    holding = "import sys\ndef test_it(load):\n    print('HAS IT', flush=True)\n    sys.stdin.readline()\n"
    pytester.makepyfile(test_holding=holding, test_project="import pytest\n@pytest.mark.alone\ndef test_it(load): ...\n")
    (pytester.path / "timing.py").write_text(TIMING)
    command = [sys.executable, "-m", "pytest", "-v"]
    holder = subprocess.Popen([*command, "-s", "test_holding.py"], cwd=pytester.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    giving_up = threading.Timer(RUN_WITHIN_S, holder.kill)
    giving_up.start()
    try:
        assert any("HAS IT" in line for line in holder.stdout)
        giving_up.cancel()
        planned = subprocess.run(
            [*command, "--setup-plan", "test_project.py"], cwd=pytester.path, capture_output=True, text=True, timeout=RUN_WITHIN_S, check=False
        )
        assert (planned.returncode, "SETUP    F load" in planned.stdout) == (0, True), "a plan runs nothing, so it waits for nobody"
        waiter = subprocess.Popen([*command, "-p", "timing", "test_project.py"], cwd=pytester.path, stdout=subprocess.PIPE, text=True)
        assert waiter.stdout is not None
        giving_up = threading.Timer(RUN_WITHIN_S, waiter.kill)
        giving_up.start()
        assert any("test_it waits until it is alone on this machine, because it measures time" in line for line in waiter.stdout)
        assert not (pytester.path / "begun").exists()
    finally:
        giving_up.cancel()
        holder.kill()
        holder.communicate()
    told, _ = waiter.communicate(timeout=RUN_WITHIN_S)
    assert "1 passed" in told
    assert (pytester.path / "begun").exists()
