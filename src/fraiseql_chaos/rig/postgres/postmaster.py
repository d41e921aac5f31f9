"""
The server's first process: made to start, end, die and hold its breath.

Signals go to processes whose start time we know, so never to a stranger who got the number. The verbs come one at a time; they are not
made to race each other.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fraiseql_chaos.core import Duration, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.keeper import Child, Keeper, processes
from fraiseql_chaos.rig.postgres.freezing import Freezer
from fraiseql_chaos.rig.postgres.server import Freezable, StopMode
from fraiseql_chaos.rig.postgres.server_log import ServerLog

__all__ = ["STOP_DEADLINE", "Postmaster"]

START_DEADLINE: Final = seconds(30)
"""Starting takes a tenth of a second; recovery after a crash must replay what was written since the last checkpoint."""

STOP_DEADLINE: Final = seconds(30)
"""A fast stop writes a checkpoint first."""

NOTICE_DEADLINE: Final = seconds(2)
"""Orphaned backends look for their postmaster whenever they wait. One that computes does not look, and is killed after this time."""

_STOP_SIGNALS: Final[Mapping[StopMode, signal.Signals]] = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class Postmaster:
    """
    The process that everything of a server descends from, whether it runs or not.

    Args:
        keeper: Its parent.
        spawn: Starts it.
        lets_in: Tells whether clients are let in.
        log: For the error when it ends instead of starting.
    """

    def __init__(self, keeper: Keeper, *, spawn: Callable[[], Child], lets_in: Callable[[], Awaitable[bool]], log: ServerLog) -> None:
        self._keeper = keeper
        self._spawn = spawn
        self._lets_in = lets_in
        self._log = log
        self._freezer = Freezer(keeper)
        self._child: Child | None = None

    @property
    def is_running(self) -> bool:
        """Whether it lives, frozen or not, and whether or not it lets clients in."""
        return self._child is not None and self._keeper.exit_status(self._child) is None

    @property
    def child(self) -> Child:
        """
        The process.

        Raises:
            RigError: If it does not run.
        """
        if self._child is None or not self.is_running:
            raise RigError("the PostgreSQL server is not running; start() starts it")
        return self._child

    @property
    def frozen(self) -> tuple[int, ...]:
        """The processes that are stopped now."""
        return self._freezer.pids

    async def start(self) -> None:
        """
        Start and wait until clients are let in; one that runs is only waited for.

        Raises:
            RigError: If it ends instead, with the end of its log, or does not come up in time.
        """
        if not self.is_running:
            self._child = self._spawn()
        _: bool = await wait_until(self.is_accepting, within=START_DEADLINE, what="the start of PostgreSQL")

    async def is_accepting(self) -> bool:
        """
        Tell whether clients are let in.

        Raises:
            RigError: If it has ended.
        """
        if not self.is_running:
            raise RigError(f"PostgreSQL ended instead of starting; the end of its log:\n{self._log.tail()}")
        return await self._lets_in()

    def reread(self) -> None:
        """
        Have it read its configuration again.

        Raises:
            RigError: If it does not run.
        """
        child = self.child
        processes.signal_if_same(child.pid, child.start_ticks, signal.SIGHUP)

    async def stop(self, mode: StopMode, *, within: Duration) -> None:
        """
        Shut down and wait for the end.

        Raises:
            DeclarationError: If there is no such mode.
            RigError: If it does not run, is frozen, or does not end in time.
        """
        if mode not in _STOP_SIGNALS:
            raise DeclarationError(f"stop: mode {mode!r} is not one of {', '.join(map(repr, _STOP_SIGNALS))}; the server was left running")
        child = self.child
        if self.frozen:
            raise RigError(f"processes {list(self.frozen)} are frozen and could not take part in a shutdown; thaw them first, or crash the server")
        processes.signal_if_same(child.pid, child.start_ticks, _STOP_SIGNALS[mode])
        await wait_until(lambda: not self.is_running, within=within, what=f"the server's {mode} shutdown")
        self._child = None

    async def crash(self) -> None:
        """
        Kill it with SIGKILL, and wait until its descendants are gone too.

        They notice by themselves when they next wait for something; those that do not within two seconds, or are frozen, are killed. The
        postmaster is stopped for the moment before, so that it starts no process that we would not know.

        Raises:
            RigError: If it does not run, or a process does not go.
        """
        child = self.child
        await self._freezer.freeze([child.pid])
        descendants = _with_start(processes.descendants(child.pid))
        processes.signal_if_same(child.pid, child.start_ticks, signal.SIGKILL)
        _kill({pid: ticks for pid, ticks in descendants.items() if pid in self.frozen})
        await wait_until(lambda: not self.is_running, within=STOP_DEADLINE, what="the postmaster's death")
        self._child = None
        self._freezer.forget()
        try:
            await wait_until(lambda: not _alive(descendants), within=NOTICE_DEADLINE, what="the backends' end")
        except RigError:
            _kill(descendants)
            await wait_until(lambda: not _alive(descendants), within=STOP_DEADLINE, what="the death of the orphaned backends")

    async def freeze(self, what: Freezable) -> tuple[int, ...]:
        """
        Stop processes with SIGSTOP, and return those that were running before.

        Raises:
            DeclarationError: If the process is none of this server's.
            RigError: If it does not run.
        """
        postmaster = self.child.pid
        if what == "postmaster":
            return await self._freezer.freeze([postmaster])
        if what == "all":
            # The postmaster first: from then on there are no new ones.
            first = await self._freezer.freeze([postmaster])
            return first + await self._freezer.freeze(sorted(processes.descendants(postmaster)))
        if what not in processes.descendants(postmaster):
            raise DeclarationError(
                f"process {what!r} is none of this server's; freeze takes 'postmaster', 'all' or a backend's pid; nothing was stopped"
            )
        return await self._freezer.freeze([what])

    async def thaw(self, what: Freezable) -> None:
        """Let frozen processes go on; one that is not frozen is left alone."""
        if what == "all":
            await self._freezer.thaw()
        else:
            await self._freezer.thaw([self.child.pid if what == "postmaster" else what])

    async def thaw_all_but(self, pids: tuple[int, ...]) -> None:
        """Let all go on except those who were frozen before somebody came."""
        await self._freezer.thaw([pid for pid in self.frozen if pid not in pids])

    async def come_back(self) -> None:
        """Run and let clients in, whatever was begun: a smart stop that was given up half-way is finished first."""
        if self.is_running and not await self._lets_in():
            await self.stop("fast", within=STOP_DEADLINE)
        await self.start()


def _with_start(pids: set[int]) -> dict[int, int]:
    return {pid: ticks for pid in pids if (ticks := processes.start_ticks(pid)) is not None}


def _alive(known: Mapping[int, int]) -> list[int]:
    return [pid for pid, ticks in known.items() if processes.start_ticks(pid) == ticks]


def _kill(known: Mapping[int, int]) -> None:
    for pid, ticks in known.items():
        processes.signal_if_same(pid, ticks, signal.SIGKILL)
