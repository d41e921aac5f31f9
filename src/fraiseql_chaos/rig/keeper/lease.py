"""
A lease on disk: a lock that says whether its keeper lives, a journal that says what must be undone, a directory that holds everything.

    <tmp>/fraiseql-chaos-<uid>/
        3f9c1a7be204.lock     locked by the living keeper; the kernel drops the lock when the process dies, by whatever means
        3f9c1a7be204/         everything temporary of the run
            journal.jsonl     {"protect": 1, "undo": {...}}   {"release": 1}   {"spawned": 4711, "start_ticks": 81226}

Lock and directory are made in this order and removed in the opposite one, so that a directory without a locked lock is always dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.rig.keeper.undo import Undo, undo_from_json, undo_to_json

__all__ = ["Journal", "Lease", "leases_root"]


def leases_root() -> Path:
    """Return the directory that holds this user's leases."""
    return Path(tempfile.gettempdir()) / f"fraiseql-chaos-{os.getuid()}"


@dataclass(slots=True)
class Journal:
    """What a keeper has to undo, and which processes it started, in memory and on disk."""

    path: Path
    undos: dict[int, Undo] = field(default_factory=dict)
    spawned: dict[int, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    _count: int = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """
        Read what a dead keeper wrote.

        A line that is half there is left out: its thing was not done yet, since the line comes first. One that is whole and still says nothing
        to us, because another release wrote it, is kept in ``unreadable``.
        """
        journal = cls(path)
        with contextlib.suppress(FileNotFoundError):
            for line in path.read_text(errors="replace").splitlines():
                with contextlib.suppress(json.JSONDecodeError):
                    journal._replay(json.loads(line), line)
        return journal

    def protect(self, undo: Undo) -> int:
        """Write down an undo before the thing is done; return its number."""
        self._count += 1
        self._write({"protect": self._count, "undo": undo_to_json(undo)})
        self.undos[self._count] = undo
        return self._count

    def release(self, number: int) -> None:
        """Strike an undo: the thing was undone in the ordinary way."""
        self._write({"release": number})
        self.undos.pop(number, None)

    def note_spawned(self, pid: int, ticks: int) -> None:
        """Write down a process of ours, so that a sweep finds it even if it was stopped when its parents died."""
        self._write({"spawned": pid, "start_ticks": ticks})
        self.spawned[pid] = ticks

    def _write(self, entry: dict[str, object]) -> None:
        # For our eyes only: an undo may hold the address of a database, with a password in it.
        with open(self.path, "a", opener=partial(os.open, mode=0o600)) as file:
            # The line before may be torn, if whoever wrote it was killed; it must not take this one with it.
            file.write(f"\n{json.dumps(entry)}\n")

    def _replay(self, entry: object, line: str) -> None:
        match entry:
            case {"protect": int(number), "undo": dict(undo)}:
                self._count = max(self._count, number)
                try:
                    self.undos[number] = undo_from_json(undo)
                except LocalProtocolError:
                    self.unreadable.append(line)
            case {"release": int(number)}:
                self.undos.pop(number, None)
            case {"spawned": int(pid), "start_ticks": int(ticks)}:
                self.spawned[pid] = ticks


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease this process holds, and with it the right to heal what the lease covers."""

    name: str
    root: Path
    lock: int

    @property
    def directory(self) -> Path:
        """The directory that holds everything temporary of the lease."""
        return self.root / self.name

    @property
    def journal(self) -> Path:
        """Where the journal is."""
        return self.directory / "journal.jsonl"

    @classmethod
    def take(cls) -> Lease:
        """Make a new lease, its lock held by this process."""
        root = _own_root()
        while True:
            name = secrets.token_hex(6)
            lease = cls.take_over(root, name, create=True)
            if lease is not None:
                # Traversable, but not listable: the unprivileged server process lives below, and names in here are unguessable.
                lease.directory.mkdir(mode=0o711)
                return lease

    @classmethod
    def take_over(cls, root: Path, name: str, *, create: bool = False) -> Lease | None:
        """Lock a lease if nobody else holds it; None if somebody does, or if it vanished meanwhile."""
        path = root / f"{name}.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        except FileNotFoundError:
            if create:
                _own_root()
            return None
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The file may have been removed, with its lease, between our open and our lock; then we hold a lock on nothing.
            if path.stat().st_ino == os.fstat(lock).st_ino:
                return cls(name, root, lock)
        os.close(lock)
        return None

    @classmethod
    def take_over_dead(cls) -> list[Lease]:
        """
        Lock every lease whose keeper died.

        Raises:
            RigError: If the root is not ours alone: what lies in it could be anybody's wish, and a sweep carries it out with our rights.
        """
        root = leases_root()
        if not root.exists(follow_symlinks=False):
            return []
        _check_root(root)
        names = {path.stem for path in root.glob("*.lock")}
        return [lease for name in sorted(names) if (lease := cls.take_over(root, name)) is not None]

    def remove(self) -> None:
        """Remove everything the lease holds, then the lease."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        (self.root / f"{self.name}.lock").unlink(missing_ok=True)
        os.close(self.lock)
        with contextlib.suppress(OSError):
            self.root.rmdir()


def _own_root() -> Path:
    root = leases_root()
    with contextlib.suppress(FileExistsError):
        root.mkdir(mode=0o711, parents=True)
    _check_root(root)
    return root


def _check_root(root: Path) -> None:
    status = root.stat(follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RigError(
            f"{root} is not a directory of ours that only we can write to (it belongs to user {status.st_uid}, mode {status.st_mode & 0o7777:o}); "
            "remove it or set TMPDIR to a directory of your own; nothing was started"
        )
