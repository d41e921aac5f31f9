"""
What the two kernels at the ends of a link count: segments sent again, checksums refused, queues out of order.

A network namespace has counters of its own, and ``/proc/<pid>/net`` shows those of the namespace that the process is in. So a process in each is asked
about, and nobody has to enter. The names are the kernel's: the word of the line and that of the column, without anything between, as ``nstat``
has them.

Source:
    proc_pid_net(5); Linux kernel documentation, "SNMP counter".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from fraiseql_chaos.core import Duration, Json, ms
from fraiseql_chaos.probes.model import Look

__all__ = ["LinkKernels", "counters_in", "counters_of"]

_TABLES = ("snmp", "netstat")


class LinkKernels:
    """
    Read the counters of both ends.

    Args:
        near, far: A process in each namespace.
    """

    name = "link_kernels"

    def __init__(self, *, near: int, far: int, every: Duration = ms(200)) -> None:
        self.every = every
        self._ends = {"near": near, "far": far}

    async def look(self) -> Look:
        """Read all counters; an end whose process is gone has none, and then nothing is well."""
        return await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """Nothing is held open between looks."""

    def _read(self) -> Look:
        value: dict[str, Json] = {}
        gone = []
        for end, pid in self._ends.items():
            try:
                value |= {f"{end}.{name}": count for name, count in counters_of(pid).items()}
            except (OSError, ValueError) as error:
                gone.append(f"the {end} end's counters could not be read from process {pid}: {error}")
        return Look(ok=not gone, value=value, error="; ".join(gone))


def counters_of(pid: int) -> Mapping[str, int]:
    """
    Return the counters of the namespace that a process is in, by name.

    Raises:
        OSError: If the process is gone.
        ValueError: If the kernel writes them in a way that is not known here.
    """
    net = Path(f"/proc/{pid}/net")
    counters: dict[str, int] = {}
    for table in _TABLES:
        counters |= counters_in((net / table).read_text().splitlines())
    if (six := net / "snmp6").exists():
        counters |= {name: int(count) for name, count in (line.split() for line in six.read_text().splitlines())}
    return counters


def counters_in(lines: Iterable[str]) -> Mapping[str, int]:
    """
    Return the counters of a table that has two lines for each group: the names, and under them the numbers.

    Raises:
        ValueError: If two lines do not belong together.
    """
    each = iter(lines)
    counters: dict[str, int] = {}
    for names, numbers in zip(each, each, strict=True):
        group, *columns = names.split()
        other, *counts = numbers.split()
        if group != other:
            raise ValueError(f"the names of {group!r} are followed by the numbers of {other!r}")
        counters |= {group.removesuffix(":") + name: int(count) for name, count in zip(columns, counts, strict=True)}
    return counters
