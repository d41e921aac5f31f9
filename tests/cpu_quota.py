"""
A control group with a quota of processor time, of the kernel's own making: version 1 or 2, whichever the machine has.

The period is short, 2 ms, so that a process under half a processor runs half as fast at any scale that is measured, and does not run at full speed and stand still in turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fraiseql_chaos.core import seconds
from fraiseql_chaos.core.clock import now_ns

PERIOD_US = 2000


@contextmanager
def cpu_quota(share: float) -> Iterator[Path]:
    """Make a group whose members together have that share of one processor; skip the test where nobody lets us."""
    root, settings = _limits(share)
    group = root / f"fraiseql-chaos-test-{os.getpid()}"
    try:
        group.mkdir()
        for name, value in settings:
            (group / name).write_text(value, encoding="ascii")
    except OSError as error:
        with suppress(OSError):
            group.rmdir()
        pytest.skip(f"this machine lacks a capability: {group} cannot be limited ({error.strerror})")
    try:
        yield group
    finally:
        _remove(group)


def throttled(group: Path) -> int:
    """Return how many periods its members used up and had to wait in, by the kernel's account."""
    stat = dict(line.split() for line in (group / "cpu.stat").read_text(encoding="ascii").splitlines())
    return int(stat["nr_throttled"])


def _limits(share: float) -> tuple[Path, list[tuple[str, str]]]:
    quota = round(PERIOD_US * share)
    first = Path("/sys/fs/cgroup/cpu")
    if (first / "cpu.cfs_quota_us").exists() or (first / "cgroup.procs").exists():
        return first, [("cpu.cfs_period_us", str(PERIOD_US)), ("cpu.cfs_quota_us", str(quota))]
    return Path("/sys/fs/cgroup"), [("cpu.max", f"{quota} {PERIOD_US}")]


def _remove(group: Path) -> None:
    """Remove a group as soon as its members have gone, which the kernel may notice a little later than whoever waited for them."""
    deadline_ns = now_ns() + seconds(10).ns
    while True:
        try:
            group.rmdir()
        except OSError:
            if now_ns() > deadline_ns:
                raise
        else:
            return
