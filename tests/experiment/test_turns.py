"""Turns of real processes: side by side, alone, in the order of coming, and gone with whoever held them."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.experiment.turns import turn, turns_root

pytest_plugins = ["pytester"]

WORD_WITHIN_S = 30
"""No promise: a process starts in a fraction of a second, and what hangs should still end some day."""

PARTICIPANT = """
import sys
from pathlib import Path
from fraiseql_chaos.experiment.turns import turn

with turn(Path(sys.argv[1]), alone=sys.argv[2] == "alone", waiting=lambda: print("waits", flush=True)):
    print("has it", flush=True)
    sys.stdin.readline()
print("is done", flush=True)
"""


@dataclass(frozen=True, slots=True)
class Participant:
    """A process that wants a turn."""

    process: subprocess.Popen[bytes]

    def says(self) -> str:
        """Return the next thing it says, and fail if it says nothing in time."""
        assert self.process.stdout is not None
        assert self._has_said_something(WORD_WITHIN_S), "it said nothing"
        return self.process.stdout.readline().decode().strip()

    @property
    def is_silent(self) -> bool:
        """Whether it has said nothing that was not heard yet."""
        return not self._has_said_something(0)

    def _has_said_something(self, within_s: float) -> bool:
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], within_s)[0])

    def ends(self) -> str:
        """Let it go on, and return what it says then."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.says()


type Start = Callable[[str], Participant]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a participant; all of them want turns at the same place."""
    started: list[subprocess.Popen[bytes]] = []

    def one(how: str) -> Participant:
        command = [sys.executable, "-c", PARTICIPANT, str(tmp_path / "turns"), how]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0))
        return Participant(started[-1])

    yield one
    for process in started:
        process.kill()
        process.communicate()


def test_two_run_side_by_side_and_neither_waits(start: Start) -> None:
    one, other = start("beside"), start("beside")
    assert (one.says(), other.says()) == ("has it", "has it")


def test_one_that_runs_alone_waits_until_nobody_runs(start: Start) -> None:
    """And says so before it waits."""
    first, second = start("beside"), start("beside")
    assert (first.says(), second.says()) == ("has it", "has it")
    alone = start("alone")
    assert alone.says() == "waits"
    assert first.ends() == "is done"
    assert alone.is_silent
    assert second.ends() == "is done"
    assert alone.says() == "has it"


def test_nobody_runs_beside_one_that_runs_alone(start: Start) -> None:
    """Neither one that would run beside others, nor another that runs alone; they follow in the order of their coming."""
    alone = start("alone")
    assert alone.says() == "has it"
    beside = start("beside")
    assert beside.says() == "waits"
    other = start("alone")
    assert other.says() == "waits"
    assert (beside.is_silent, other.is_silent) == (True, True)
    assert alone.ends() == "is done"
    assert beside.says() == "has it"
    assert other.is_silent


def test_whoever_comes_later_does_not_overtake_one_that_waits_to_be_alone(start: Start) -> None:
    """Or a suite that always has something to run side by side would let it wait to the end."""
    running = start("beside")
    assert running.says() == "has it"
    alone = start("alone")
    assert alone.says() == "waits"
    later = start("beside")
    assert later.says() == "waits"
    assert running.ends() == "is done"
    assert alone.says() == "has it"
    assert later.is_silent
    assert alone.ends() == "is done"
    assert later.says() == "has it"


@pytest.mark.parametrize("how", ["alone", "beside"])
def test_a_killed_process_leaves_no_turn(start: Start, how: str) -> None:
    """Neither one that waited, nor one that had it: the next has it at once."""
    holder = start(how)
    assert holder.says() == "has it"
    waiter = start("alone")
    assert waiter.says() == "waits"
    for participant in (waiter, holder):
        participant.process.kill()
        participant.process.wait()
    assert start("alone").says() == "has it"


def test_a_child_does_not_keep_its_parents_turn(start: Start, tmp_path: Path) -> None:
    """A keeper outlives its runner for a moment, and must not hold up others."""
    with turn(tmp_path / "turns", alone=True, waiting=lambda: pytest.fail("nobody else is here")):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        assert start("alone").says() == "has it"
    finally:
        child.communicate(b"\n")


def test_a_place_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    """They could hold us up for ever, or have us lock another file."""
    open_to_all = tmp_path / "turns"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(RigError, match="is not a directory that only we can write to"), turn(open_to_all, alone=False, waiting=lambda: None):
        pass
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(RigError, match="is not a directory that only we can write to"), turn(tmp_path / "link", alone=False, waiting=lambda: None):
        pass


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "turns").write_text("")
    with pytest.raises(RigError, match="turns/turn cannot be locked"), turn(tmp_path / "turns", alone=False, waiting=lambda: None):
        pass


def test_turns_are_taken_in_a_place_of_this_user(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", "from fraiseql_chaos.experiment.turns import turns_root; print(turns_root())"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, env=os.environ | {"TMPDIR": str(tmp_path)}, timeout=WORD_WITHIN_S)
    assert Path(told.stdout.strip()) == tmp_path / turns_root().name
    assert turns_root().name.endswith(f"-{os.getuid()}")
