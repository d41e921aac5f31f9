"""
Processes as the kernel shows them under ``/proc``.

A process number alone names nobody for long: numbers are reused. A number together with the start time is a name, and every signal
sent from here checks both, through a pidfd so that nothing can slip in between.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path
from typing import Final

__all__ = ["descendants", "die_with_parent", "posix_segments", "remove_shared_memory", "signal_if_same", "start_ticks", "subreap"]

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_IPC_RMID: Final = 0
_POSIX_SEGMENT: Final = "/dev/shm/PostgreSQL."  # noqa: S108  a name to recognise, not one to make
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if there is no such process, or only its unreaped rest."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in {"Z", "X"} else int(fields[19])


def signal_if_same(pid: int, ticks: int, number: signal.Signals) -> bool:
    """Signal a process, if the number still means the one that started at ``ticks``; tell whether it did."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if start_ticks(pid) != ticks:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)
        return True
    finally:
        os.close(pidfd)


def descendants(ancestor: int) -> set[int]:
    """Return every living process below another one, at any depth."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))) is not None and fields[0] not in {"Z", "X"}:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    front = [ancestor]
    while front:
        below = children.get(front.pop(), [])
        found.update(below)
        front.extend(below)
    return found


def subreap() -> None:
    """Become the parent of every orphan below us, so that no double fork escapes."""
    if _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def die_with_parent() -> None:
    """Ask the kernel to kill us when our parent dies. Call it after the last change of user: that would clear it."""
    if _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")


def posix_segments(pid: int) -> set[Path]:
    """
    Return the POSIX shared memory that PostgreSQL made and a process has mapped.

    Such a segment is a file that outlives everybody; which server it belonged to can only be told while its processes live.
    """
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return set()
    return {Path(line[line.index("/") :]) for line in lines if _POSIX_SEGMENT in line and not line.endswith(" (deleted)")}


def remove_shared_memory(creators: set[int]) -> None:
    """
    Remove System V segments that these processes made and nobody is attached to.

    A postmaster that is killed leaves the small segment which guards its data directory, and the kernel keeps it for ever.
    """
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        _key, shmid, _mode, _size, cpid, _lpid, attached, *_ = line.split()
        if int(cpid) in creators and int(attached) == 0:
            _LIBC.shmctl(int(shmid), _IPC_RMID, None)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/PID/stat`` from the state on; the name before it may contain anything, so it is cut off from the right."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
