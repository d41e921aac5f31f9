"""Memory is what the kernel says of a process and all it has started, real processes that hold a known amount."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fraiseql_chaos.probes import ServiceMemory

pytestmark = pytest.mark.anyio

MB = 1_000_000

HOLDER = """
import subprocess, sys
held = bytearray(b"x" * int(sys.argv[1]))
if sys.argv[2] == "drop":
    del held
child = subprocess.Popen([sys.executable, "-I", "-c", sys.argv[3], sys.argv[1], "keep", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE) if sys.argv[3] else None
if child:
    child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(mb: int, *, drop: bool = False, child: bool = False) -> Iterator[int]:
    """Run a process that fills so much memory, and holds it or lets go of it, perhaps with a child that does the same; yield its pid."""
    command = [sys.executable, "-I", "-c", HOLDER, str(mb * MB), "drop" if drop else "keep", HOLDER if child else ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


async def looked_at(pid: int) -> tuple[int, int, int]:
    """Look once; return what is resident, its peak, and the number of processes."""
    look = await ServiceMemory(pid).look()
    assert look.ok
    rss, peak, processes = (look.value[name] for name in ("rss_bytes", "peak_bytes", "processes"))
    assert isinstance(rss, int)
    assert isinstance(peak, int)
    assert isinstance(processes, int)
    return rss, peak, processes


async def test_what_a_process_holds_is_seen() -> None:
    with holder(80) as pid:
        rss, _, processes = await looked_at(pid)

    assert 80 * MB <= rss <= 200 * MB
    assert processes == 1


async def test_what_it_has_let_go_of_is_in_the_peak() -> None:
    with holder(80, drop=True) as pid:
        rss, peak, _ = await looked_at(pid)

    assert rss < 80 * MB <= peak


async def test_its_children_count_too() -> None:
    with holder(80, child=True) as pid:
        rss, _, processes = await looked_at(pid)

    assert rss >= 160 * MB
    assert processes == 2


async def test_a_process_that_is_gone_is_an_observation() -> None:
    with holder(1) as pid:
        probe = ServiceMemory(pid)
        assert (await probe.look()).ok
    look = await probe.look()
    await probe.close()

    assert (look.ok, look.value, look.error) == (False, {}, "the process is gone")
