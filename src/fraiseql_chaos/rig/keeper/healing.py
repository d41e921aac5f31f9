"""
The end of a lease: undo what is ours, kill, undo what is elsewhere, remove, in this order.

Killing comes before anything that has to ask a server, because a server may take its time, and nothing here may take long. Errors do not
stop it. They are collected and returned, and what could not be undone stays in the journal for the next sweep.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import now_ns, seconds
from fraiseql_chaos.rig.keeper import processes
from fraiseql_chaos.rig.keeper.lease import Journal, Lease
from fraiseql_chaos.rig.keeper.undo import RemoveCgroup, RunSql

__all__ = ["heal", "sweep"]

KILL_DEADLINE: Final = seconds(5)
"""SIGKILL needs no longer than the kernel needs to leave a system call; a process in uninterruptible sleep is reported, not waited for."""

_REAP_PAUSE_S: Final = 0.002


def heal(lease: Lease, journal: Journal, *, below: int) -> list[str]:
    """
    End a lease that this process holds.

    Args:
        lease: The lease; its lock is released and its directory removed, unless something could not be undone.
        journal: What is to be undone.
        below: Everything below this process is killed; for a keeper, below itself.

    Returns:
        What went wrong, a sentence each; empty when all is as it was before.
    """
    errors = [f"the journal says what this release does not understand: {line}" for line in journal.unreadable]
    errors += _undo(journal, last=False)
    killed, segments = _kill_everything(journal, below, errors)
    processes.remove_shared_memory(set(journal.spawned) | killed)
    for segment in segments:
        segment.unlink(missing_ok=True)
    errors += _undo(journal, last=True)
    if journal.undos or journal.unreadable:
        os.close(lease.lock)
        return errors
    try:
        lease.remove()
    except OSError as error:
        errors.append(f"{lease.directory} could not be removed: {error}")
    return errors


def sweep(*, below: int) -> list[str]:
    """Heal every lease whose keeper was killed; return what went wrong. See ``heal``."""
    return [error for lease in Lease.take_over_dead() for error in heal(lease, Journal.read(lease.journal), below=below)]


def _undo(journal: Journal, *, last: bool) -> list[str]:
    """Undo, last protected first. The last round is for what needs the processes dead, or somebody's answer."""
    errors = []
    for number, undo in sorted(journal.undos.items(), reverse=True):
        if isinstance(undo, RemoveCgroup | RunSql) is not last:
            continue
        try:
            undo.perform()
        except OSError as error:
            errors.append(f"{undo.kind} failed and stays in the journal: {error}")
        else:
            journal.release(number)
    return errors


def _kill_everything(journal: Journal, below: int, errors: list[str]) -> tuple[set[int], set[Path]]:
    """Kill everything below a process and the processes of the journal until none is left; return their numbers, and the shared memory they leave."""
    killed: set[int] = set()
    segments: set[Path] = set()
    deadline_ns = now_ns() + KILL_DEADLINE.ns
    while True:
        alive = processes.descendants(below) | {pid for pid, ticks in journal.spawned.items() if processes.start_ticks(pid) == ticks}
        if not alive:
            return killed, segments
        if now_ns() > deadline_ns:
            errors.append(f"processes {sorted(alive)} did not die of SIGKILL within {KILL_DEADLINE}")
            return killed, segments
        killed |= alive
        for pid in alive:
            segments |= processes.posix_segments(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(_REAP_PAUSE_S)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
