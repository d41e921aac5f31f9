"""
Stop the server's processes without their knowing, and let them go on.

SIGSTOP is the purest hang there is: the kernel still completes TCP handshakes into the listen queue and acknowledges what is sent, and
nobody answers. A process does not see it coming and cannot refuse. It is also the one fault that outlives its injector, so the keeper
promises to undo each stop before it is done.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.rig.keeper import Continue, Keeper, Protection, processes

__all__ = ["Freezer", "is_stopped"]

STOP_DEADLINE: Final = seconds(5)
"""Stopping takes effect when a process leaves the kernel; only one that waits for a disk takes longer than a moment."""


@dataclass(frozen=True, slots=True)
class _Frozen:
    start_ticks: int
    protection: Protection


class Freezer:
    """The processes that we stopped, each protected by the keeper until it runs again."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._frozen: dict[int, _Frozen] = {}

    @property
    def pids(self) -> tuple[int, ...]:
        """Who is stopped now, in the order in which they were."""
        return tuple(self._frozen)

    async def freeze(self, pids: Iterable[int]) -> tuple[int, ...]:
        """
        Stop processes, and wait until the kernel says that they are.

        Returns:
            Those that were not stopped before and are now; one that ended meanwhile is not among them.
        """
        stopped = tuple(pid for pid in pids if pid not in self._frozen and self._stop(pid))
        await wait_until(lambda: all(is_stopped(pid) is not False for pid in stopped), within=STOP_DEADLINE, what=f"stopping {list(stopped)}")
        return stopped

    async def thaw(self, pids: Iterable[int] | None = None) -> None:
        """
        Let processes go on, the last stopped first.

        Args:
            pids: Which; None for all. Those that are not stopped by us are left alone.

        Raises:
            RigError: If one does not run again.
        """
        chosen = [pid for pid in reversed(self.pids) if pids is None or pid in set(pids)]
        for pid in chosen:
            processes.signal_if_same(pid, self._frozen[pid].start_ticks, signal.SIGCONT)
        await wait_until(lambda: not any(is_stopped(pid) for pid in chosen), within=STOP_DEADLINE, what=f"continuing {chosen}")
        self.forget(chosen)

    def forget(self, pids: Iterable[int] | None = None) -> None:
        """Take the keeper's promises back for processes that run again, or are dead."""
        for pid in list(self._frozen if pids is None else pids):
            self._keeper.release(self._frozen.pop(pid).protection)

    def _stop(self, pid: int) -> bool:
        ticks = processes.start_ticks(pid)
        if ticks is None:
            return False
        protection = self._keeper.protect(Continue(pid, ticks))
        if not processes.signal_if_same(pid, ticks, signal.SIGSTOP):
            self._keeper.release(protection)
            return False
        self._frozen[pid] = _Frozen(ticks, protection)
        return True


def is_stopped(pid: int) -> bool | None:
    """Tell whether a process is stopped by a signal; None if there is no such process."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return state == "T"
