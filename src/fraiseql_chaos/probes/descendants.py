"""A process and all that it has started, by the kernel's own lists."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["PROCESSES_MAX", "with_descendants"]

PROCESSES_MAX: Final = 256
"""How many are looked at: a process that forks without end is not followed without end."""


def with_descendants(pid: int) -> Iterator[int]:
    """
    Yield a process and all it has started, parents first, at most ``PROCESSES_MAX``.

    Source:
        proc_pid_task(5): ``children``.
    """
    waiting = [pid]
    for _ in range(PROCESSES_MAX):
        if not waiting:
            return
        process = waiting.pop(0)
        yield process
        with contextlib.suppress(OSError):
            waiting += _children(process)


def _children(pid: int) -> list[int]:
    """Return the processes that any thread of a process has started; threads come and go meanwhile."""
    children: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            children += map(int, (thread / "children").read_text().split())
    return children
