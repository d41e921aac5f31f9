"""Healing goes on after an error, and forgets nothing that it could not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fraiseql_chaos.rig.keeper import RemoveCgroup, RemoveTree, RunSql
from fraiseql_chaos.rig.keeper.healing import heal, sweep
from fraiseql_chaos.rig.keeper.lease import Journal, Lease

NOBODY = "host=127.0.0.1 port=1 dbname=nobody"


def _lease() -> tuple[Lease, Journal]:
    lease = Lease.take()
    return lease, Journal(lease.journal)


def test_a_healed_lease_leaves_nothing(lease_root: Path) -> None:
    lease, journal = _lease()
    assert heal(lease, journal) == []
    assert list(lease_root.iterdir()) == []


def test_an_undo_that_fails_stays_and_keeps_no_other_from_healing(lease_root: Path) -> None:
    lease, journal = _lease()
    removed = lease_root / "removed"
    removed.mkdir()
    journal.protect(RemoveTree(str(removed)))
    journal.protect(RunSql(NOBODY, ("SELECT 1",)))
    (error,) = heal(lease, journal)
    assert "run_sql failed and stays in the journal" in error
    assert not removed.exists()
    assert list(Journal.read(lease.journal).undos.values()) == [RunSql(NOBODY, ("SELECT 1",))]


def test_the_next_sweep_tries_again_what_failed(lease_root: Path) -> None:
    lease, journal = _lease()
    blocked = lease_root / "group"
    (blocked / "child").mkdir(parents=True)
    journal.protect(RemoveCgroup(str(blocked)))
    assert len(heal(lease, journal)) == 1
    os.close(lease.lock)
    (blocked / "child").rmdir()
    assert sweep() == []
    assert list(lease_root.iterdir()) == []


@pytest.mark.parametrize("tail", ["", '{"protect": 9, "undo": {"kind": "remo'])
def test_a_journal_cut_short_is_read_up_to_the_cut(lease_root: Path, tail: str) -> None:
    lease, journal = _lease()
    first = RemoveTree(str(lease_root / "first"))
    journal.protect(first)
    journal.note_spawned(1, 2)
    with lease.journal.open("a") as file:
        file.write(tail)
    read = Journal.read(lease.journal)
    assert (list(read.undos.values()), read.spawned) == ([first], {1: 2})
    heal(lease, journal)
