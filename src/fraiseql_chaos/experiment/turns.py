"""
Who may run now: many experiments side by side, or one alone, over all processes of a machine.

    turn    held by whoever is next, while it waits for the floor; so nobody who comes later overtakes it
    floor   held shared by experiments side by side, exclusively by one that measures time

Both are locks of the kernel on two empty files (flock(2)). The kernel drops them with the process, by whatever means it dies, and a child does not inherit
them. The files stay where they are: to remove a lock's file is to have two of them. They belong to one user and one temporary directory, like leases.

    fraiseql-chaos-turns-<uid>/{turn,floor}
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fraiseql_chaos.errors import RigError

__all__ = ["turn", "turns_root"]


def turns_root() -> Path:
    """Return the directory of this user's turns."""
    return Path(tempfile.gettempdir()) / f"fraiseql-chaos-turns-{os.getuid()}"


@contextmanager
def turn(root: Path, *, alone: bool, waiting: Callable[[], object]) -> Iterator[None]:
    """
    Wait for one's turn, and have it for the length of the block.

    Args:
        root: Where the two files lie; made if it is not there.
        alone: Whether nobody else may run meanwhile.
        waiting: Called once if it has to wait, before it does; a signal such as Ctrl-C ends the wait.

    Raises:
        RigError: If the files cannot be made, or the directory is somebody else's.
    """
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with _opened(root, "turn") as next_one, _opened(root, "floor") as floor:
        if not (_taken(next_one, fcntl.LOCK_EX) and _taken(floor, how)):
            waiting()
            fcntl.flock(next_one, fcntl.LOCK_EX)
            fcntl.flock(floor, how)
        fcntl.flock(next_one, fcntl.LOCK_UN)
        yield


def _taken(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(root: Path, name: str) -> Iterator[int]:
    """Open a lock's file in a directory that is ours and nobody else's; closing it drops the lock."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise RigError(f"{root} is not a directory that only we can write to, so no turns can be taken there; remove it, or set TMPDIR")
        descriptor = os.open(root / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise RigError(
            f"{root / name} cannot be locked: {error.strerror or error}; without it tests that measure time would disturb each other"
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
