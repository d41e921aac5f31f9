"""
What can be undone, as values that survive a crash: each is one JSON object in the journal.

Undoing is idempotent, because the one who undoes may himself be killed half-way, and another then starts over.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.rig.keeper import processes

__all__ = ["Continue", "RemoveCgroup", "RemoveTree", "RunSql", "Undo", "undo_from_json", "undo_to_json"]

SQL_CONNECT_TIMEOUT_S: Final = 2
"""Healing after a dead runner is promised within two seconds; a server that does not answer by then is left to the next sweep."""

SQL_DEADLINE_S: Final = 3
"""For everything: a server that took the connection may still never answer, and no option of a connection bounds that."""


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Remove a directory and what is in it."""

    kind: ClassVar[str] = "remove_tree"
    path: str

    def perform(self) -> None:
        """Remove it; one that is gone already is fine."""
        shutil.rmtree(self.path, onexc=_ignore_missing)


@dataclass(frozen=True, slots=True)
class Continue:
    """Let a stopped process run again, if it still is the process it was."""

    kind: ClassVar[str] = "continue"
    pid: int
    start_ticks: int

    def perform(self) -> None:
        """Send SIGCONT, unless the process is gone and its number perhaps somebody else's."""
        processes.signal_if_same(self.pid, self.start_ticks, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class RemoveCgroup:
    """Remove an empty control group. It can only be empty once its processes are gone, so the keeper does this after the killing."""

    kind: ClassVar[str] = "remove_cgroup"
    path: str

    def perform(self) -> None:
        """Remove it; one that is gone already is fine."""
        try:
            Path(self.path).rmdir()
        except FileNotFoundError:
            return


@dataclass(frozen=True, slots=True)
class RunSql:
    """Run statements on a server that is not ours to throw away, for example to take back a changed setting."""

    kind: ClassVar[str] = "run_sql"
    dsn: str
    statements: tuple[str, ...]

    def perform(self) -> None:
        """Connect and run each statement in its own transaction."""
        import psycopg  # noqa: PLC0415  the keeper must start without a database driver; only this undo needs one

        try:
            with _deadline(SQL_DEADLINE_S), psycopg.connect(self.dsn, autocommit=True, connect_timeout=SQL_CONNECT_TIMEOUT_S) as connection:
                for statement in self.statements:
                    connection.execute(statement.encode())
        except psycopg.Error as error:
            raise OSError(f"could not undo on the server: {error}") from error


type Undo = RemoveTree | Continue | RemoveCgroup | RunSql

_KINDS: Final = {cls.kind: cls for cls in (RemoveTree, Continue, RemoveCgroup, RunSql)}


@contextlib.contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    """Interrupt the block with TimeoutError, by SIGALRM; the keeper is one thread, and this is the only use of that signal."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def undo_to_json(undo: Undo) -> JsonObject:
    """Return the undo as one JSON object."""
    return {"kind": undo.kind, **asdict(undo)}


def undo_from_json(raw: JsonObject) -> Undo:
    """
    Read an undo back.

    Raises:
        LocalProtocolError: If it is none; only we write them.
    """
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items() if key != "kind"}
    try:
        return _KINDS[str(raw["kind"])](**fields)  # type: ignore[arg-type]
    except (KeyError, TypeError) as error:
        raise LocalProtocolError(f"not an undo: {raw!r}") from error


def _ignore_missing(_function: object, _path: str, error: BaseException) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
