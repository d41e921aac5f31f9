"""
How much memory the service holds, by the kernel's account of its process and the processes it has started.

Resident memory is read off ``/proc/<pid>/status``, which costs the kernel a few additions; a look at a service with ten threads takes about half a
millisecond of the runner's and none of the service's. The proportional share (``PSS``) would count pages that several processes share only once, but the
kernel walks all page tables for it, 3 ms for 84 MB, and holds the process's memory map meanwhile: a look that the service would feel.

Source:
    proc_pid_status(5): ``VmRSS`` and ``VmHWM``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import Duration, ms
from fraiseql_chaos.probes.descendants import with_descendants
from fraiseql_chaos.probes.model import Look

__all__ = ["ServiceMemory"]

KIB: Final = 1024


class ServiceMemory:
    """
    Read what a process and its descendants have resident now, and the most that they ever had.

    Args:
        pid: The service's process.
    """

    name = "service_memory"

    def __init__(self, pid: int, *, every: Duration = ms(250)) -> None:
        self.every = every
        self._pid = pid

    async def look(self) -> Look:
        """Add up; a process that is gone is an observation."""
        return await asyncio.to_thread(self._read)

    async def close(self) -> None:
        """Nothing is held open between looks."""

    def _read(self) -> Look:
        sizes = [size for pid in with_descendants(self._pid) if (size := _sizes(pid)) is not None]
        if not sizes:
            return Look(ok=False, value={}, error="the process is gone")
        value = {"rss_bytes": sum(rss for rss, _ in sizes), "peak_bytes": sum(peak for _, peak in sizes), "processes": len(sizes)}
        return Look(ok=True, value=dict(value))


def _sizes(pid: int) -> tuple[int, int] | None:
    """Return what is resident and the most that ever was, in bytes; None of a process that is gone, or dead and not yet buried."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    if "VmRSS" not in fields or "VmHWM" not in fields:
        return None
    return int(fields["VmRSS"].split()[0]) * KIB, int(fields["VmHWM"].split()[0]) * KIB
