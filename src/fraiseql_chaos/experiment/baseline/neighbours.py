"""
What everybody else on the machine did while something was measured: the first thing to look at when it did not repeat.

    cores used by others = (processor time of the machine - that of our own process and all below it) / time

A load average counts who waits, on some systems of other containers too, and forgets with a half-life of a minute; this counts what was used, over
exactly the time of the measurement. What a hypervisor took away counts as used by others, because it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import NS_PER_S, now_ns
from fraiseql_chaos.rig.keeper.processes import descendants

__all__ = ["Neighbours"]

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")

_IDLE: Final = (3, 4)
"""Of the counters of ``/proc/stat``: idle, and idle while a disk works."""

_GUEST: Final = 8
"""From here on the counters are contained in earlier ones."""

_OWN: Final = slice(11, 15)
"""Of ``/proc/<pid>/stat`` behind the name: user and system time, of the process and of its children that were waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """
    A look at the machine's processors, to be compared with a later one.

    Attributes:
        at_ns: When, on the monotonic clock.
        machine_s: What all processes had used since the machine started, in seconds of processor time.
        ours_s: What we had.
    """

    at_ns: int
    machine_s: float
    ours_s: float

    @classmethod
    def look(cls) -> Neighbours:
        """Look now."""
        counters = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:]][:_GUEST]
        used = sum(ticks for place, ticks in enumerate(counters) if place not in _IDLE)
        me = os.getpid()
        return cls(at_ns=now_ns(), machine_s=used / TICKS_PER_S, ours_s=sum(_ticks({me, *descendants(me)})) / TICKS_PER_S)

    def cores_since(self) -> float:
        """Return how many cores others have kept busy since, on average."""
        now = Neighbours.look()
        others_s = (now.machine_s - self.machine_s) - (now.ours_s - self.ours_s)
        return round(max(0.0, others_s) * NS_PER_S / max(1, now.at_ns - self.at_ns), 2)


def _ticks(pids: set[int]) -> Iterator[int]:
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            yield sum(map(int, fields[_OWN]))
