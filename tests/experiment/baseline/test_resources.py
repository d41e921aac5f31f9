"""The kernel's account of processes, checked against processes whose use is known."""

from __future__ import annotations

import mmap
import os
import resource
import subprocess
import sys
import time

from fraiseql_chaos.experiment.baseline.resources import Processes, cpu_ns, memory_of

SPIN = "import sys, time\nwhile time.process_time() < 0.2: pass\nprint('spun', flush=True)\nsys.stdin.read()"


def test_processor_time_of_another_process_is_what_it_says_itself() -> None:
    """A child spins for 200 ms of its own clock; from outside it is as much, in nanoseconds and not in ticks."""
    with subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "spun\n"
        used = cpu_ns([child.pid])[child.pid]
        assert child.stdin is not None
        child.stdin.close()
    assert 200_000_000 <= used < 1_000_000_000
    assert used % 10_000_000 != 0


def test_our_own_clock_and_the_kernels_account_agree() -> None:
    before = time.process_time_ns()
    seen = cpu_ns([os.getpid()])[os.getpid()]
    assert before <= seen <= time.process_time_ns()


def test_a_process_that_has_gone_is_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert cpu_ns([child.pid]) == {}
    assert memory_of([child.pid]).rss == 0


def test_memory_grows_by_what_was_touched() -> None:
    before = memory_of([os.getpid()])
    with mmap.mmap(-1, 64 * 2**20) as area:
        for offset in range(0, len(area), resource.getpagesize()):
            area[offset] = 1
        after = memory_of([os.getpid()])
    assert 60 < after.pss - before.pss < 70
    assert before.pss <= before.rss


def test_the_processes_of_a_server_that_is_not_ours_are_not_looked_for() -> None:
    assert Processes(service=os.getpid(), postmaster=None).named().keys() == {"service"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        named = Processes(service=os.getpid(), postmaster=child.pid).named()
        child.communicate(b"\n")
    assert child.pid in named["postgresql"]
    assert child.pid in named["service"]
