"""What a process was started as, asked of the kernel, where processes come and go while they are looked at."""

from __future__ import annotations

from pathlib import Path

__all__ = ["words_of"]


def words_of(pid: int) -> bytes:
    """Return a process's command line; nothing of one that has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
