"""
What the kernel says that each process of the server is doing: running, asleep, stopped.

A stopped process answers nobody, so it cannot be asked; the kernel can. A look reads one line for each process, and nothing of the server's.

Source:
    proc_pid_stat(5): ``state``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from fraiseql_chaos.core import Duration, Json, ms
from fraiseql_chaos.probes.descendants import with_descendants
from fraiseql_chaos.probes.model import Look

__all__ = ["ServerProcesses"]


class ServerProcesses:
    """
    Read the state of the postmaster and of every process that it has started.

    Args:
        postmaster: Tells the postmaster's process, which is another one after a restart; None while there is none.
    """

    name = "server_processes"

    def __init__(self, postmaster: Callable[[], int | None], *, every: Duration = ms(100)) -> None:
        self.every = every
        self._postmaster = postmaster

    async def look(self) -> Look:
        """Read all states; a server that is not there is an observation."""
        return await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """Nothing is held open between looks."""

    def _read(self) -> Look:
        pid = self._postmaster()
        states: list[Json] = (
            [] if pid is None else [{"pid": one, "state": state} for one in with_descendants(pid) if (state := _state(one)) is not None]
        )
        if not states:
            return Look(ok=False, value={}, error="the postmaster is gone")
        return Look(ok=True, value={"postmaster": pid, "processes": states})


def _state(pid: int) -> str | None:
    """Return the letter of a process's state; None of one that has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name before it may hold anything, brackets too.
    return stat[stat.rindex(")") + 2]
