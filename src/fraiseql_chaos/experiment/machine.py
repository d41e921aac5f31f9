"""What a run ran on, as far as a later comparison has to know it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from fraiseql_chaos.core import JsonObject

__all__ = ["machine"]


def machine() -> JsonObject:
    """Return cores, memory, kernel and versions; no names of people or hosts."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "fraiseql_chaos": version("fraiseql-chaos"),
    }
