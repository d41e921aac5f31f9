"""
What processes have used, by the kernel's own account.

    processor time   the processes' clocks (``clock_gettime`` of another process), in nanoseconds; ``/proc/<pid>/stat`` counts the same time in
                     hundredths of a second, too coarse for a burst of a few tenths
    memory           ``/proc/<pid>/smaps_rollup``: resident, and proportional (shared pages divided among those who share them)

A PostgreSQL server is its postmaster and all below it. One that the user named is on nobody knows which machine, and is not measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.rig.keeper.processes import descendants
from fraiseql_chaos.rig.postgres.cluster import Cluster

__all__ = ["Memory", "Processes", "cpu_ns", "memory_of"]

_CPUCLOCK_SCHED: Final = 2
"""The scheduler's account, of a process and not a thread; see ``MAKE_PROCESS_CPUCLOCK`` in the kernel's posix-timers.h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of some processes together, in MiB: resident, and proportional."""

    rss: float
    pss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """
    The processes of a deployment, by what they are for.

    Attributes:
        service: The service's.
        postmaster: The server's first; None if the server is not ours.
    """

    service: int
    postmaster: int | None

    @classmethod
    def of(cls, deployment: Deployment) -> Processes:
        """Return the processes of a deployment."""
        server = deployment.server
        return cls(service=deployment.service.child.pid, postmaster=server.postmaster.pid if isinstance(server, Cluster) else None)

    def named(self) -> dict[str, set[int]]:
        """Return the processes that live now, by the name that metrics use."""
        found = {"service": {self.service, *descendants(self.service)}}
        return found if self.postmaster is None else {**found, "postgresql": {self.postmaster, *descendants(self.postmaster)}}


def cpu_ns(pids: Iterable[int]) -> dict[int, int]:
    """Return how much processor time each process has used, in user and kernel mode, with all its threads; one that has gone is left out."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED)
    return found


def memory_of(pids: Iterable[int]) -> Memory:
    """Return the memory of processes together; one that has gone is left out."""
    rss = pss = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
            kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
            rss += kib["Rss"]
            pss += kib["Pss"]
    return Memory(rss=rss / 1024, pss=pss / 1024)
