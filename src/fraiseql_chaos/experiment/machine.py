"""
What a run ran on, as far as a later comparison has to know it.

The machine's ``id`` says whether two runs were on the same one. It is a digest of what makes a machine as fast as it is and of the id that the
operating system gave to its installation; it tells nothing of either, and a container that is begun anew on the same host keeps it as long as
it keeps that file, or has none.
"""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import JsonObject

__all__ = ["load_now", "machine"]

ID_CHARACTERS: Final = 16
"""64 bits: two machines of a team do not meet by chance."""


def machine() -> JsonObject:
    """Return processor, cores, memory, kernel and versions, and an id; no names of people or hosts."""
    hardware: JsonObject = {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "architecture": platform.machine(),
    }
    return {
        "id": hashlib.sha256(repr(("fraiseql-chaos", _installation(), *hardware.items())).encode()).hexdigest()[:ID_CHARACTERS],
        **hardware,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fraiseql_chaos": version("fraiseql-chaos"),
    }


def load_now() -> JsonObject:
    """Return what else the machine is doing: the kernel's load averages, and how many threads are running or ready this instant."""
    one, five, fifteen = os.getloadavg()
    running = Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0]
    return {"average_1min": one, "average_5min": five, "average_15min": fifteen, "running": int(running)}


def _cpu_model() -> str:
    """Return what the kernel calls the processor; kernels of other architectures than x86 may say nothing."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown"


def _installation() -> str:
    with suppress(OSError):
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    return ""
