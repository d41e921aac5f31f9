"""Healing goes on after an error, and forgets nothing that it could not do."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.rig.keeper import RemoveCgroup, RemoveTree, RunSql
from fraiseql_chaos.rig.keeper.healing import heal, sweep
from fraiseql_chaos.rig.keeper.lease import Journal, Lease

NOBODY = "host=127.0.0.1 port=1 dbname=nobody"


@pytest.fixture
def below() -> Iterator[int]:
    """A process with nothing below it: healing kills what is below, and below this test run are other tests' rigs."""
    with subprocess.Popen(["/bin/sleep", "300"]) as sleeper:
        yield sleeper.pid
        sleeper.kill()


def _lease() -> tuple[Lease, Journal]:
    lease = Lease.take()
    return lease, Journal(lease.journal)


def test_a_healed_lease_leaves_nothing(lease_root: Path, below: int) -> None:
    lease, journal = _lease()
    assert heal(lease, journal, below=below) == []
    assert list(lease_root.iterdir()) == []


def test_an_undo_that_fails_stays_and_keeps_no_other_from_healing(lease_root: Path, below: int) -> None:
    lease, journal = _lease()
    removed = lease_root / "removed"
    removed.mkdir()
    journal.protect(RemoveTree(str(removed)))
    journal.protect(RunSql(NOBODY, ("SELECT 1",)))
    (error,) = heal(lease, journal, below=below)
    assert "run_sql failed and stays in the journal" in error
    assert not removed.exists()
    assert list(Journal.read(lease.journal).undos.values()) == [RunSql(NOBODY, ("SELECT 1",))]


def test_the_next_sweep_tries_again_what_failed(lease_root: Path, below: int) -> None:
    lease, journal = _lease()
    blocked = lease_root / "group"
    (blocked / "child").mkdir(parents=True)
    journal.protect(RemoveCgroup(str(blocked)))
    assert len(heal(lease, journal, below=below)) == 1
    (blocked / "child").rmdir()
    assert sweep(below=below) == []
    assert list(lease_root.iterdir()) == []


@pytest.mark.parametrize("tail", ["", '{"protect": 9, "undo": {"kind": "remo'])
def test_a_journal_cut_short_is_read_up_to_the_cut(lease_root: Path, below: int, tail: str) -> None:
    lease, journal = _lease()
    first = RemoveTree(str(lease_root / "first"))
    journal.protect(first)
    journal.note_spawned(1, 2)
    with lease.journal.open("a") as file:
        file.write(tail)
    read = Journal.read(lease.journal)
    assert (list(read.undos.values()), read.spawned) == ([first], {1: 2})
    heal(lease, journal, below=below)


def test_a_torn_line_takes_no_later_one_with_it(lease_root: Path, below: int) -> None:
    lease, journal = _lease()
    with lease.journal.open("a") as file:
        file.write('{"protect": 9, "undo": {"kind": "remo')
    undo = RemoveTree(str(lease_root / "later"))
    journal.protect(undo)
    assert list(Journal.read(lease.journal).undos.values()) == [undo]
    heal(lease, journal, below=below)


def test_an_undo_of_another_release_blocks_nothing_and_is_not_forgotten(lease_root: Path, below: int) -> None:
    lease, journal = _lease()
    removed = lease_root / "removed"
    removed.mkdir()
    journal.protect(RemoveTree(str(removed)))
    with lease.journal.open("ab") as file:
        file.write(b'\n{"protect": 9, "undo": {"kind": "from_tomorrow"}}\n\xff\xfe\n')
    os.close(lease.lock)
    (complaint,) = sweep(below=below)
    assert "from_tomorrow" in complaint
    assert not removed.exists()
    assert lease.journal.exists()


def test_a_server_that_never_answers_holds_nobody_up(lease_root: Path, below: int) -> None:
    """It accepts the connection and says nothing; the tree is removed, and the undo stays for the next sweep."""
    lease, journal = _lease()
    removed = lease_root / "removed"
    removed.mkdir()
    journal.protect(RemoveTree(str(removed)))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        journal.protect(RunSql(f"host=127.0.0.1 port={deaf.getsockname()[1]} dbname=deaf", ("SELECT 1",)))
        (complaint,) = heal(lease, journal, below=below)
    assert "run_sql failed and stays in the journal" in complaint
    assert not removed.exists()
