"""What a run ran on is told so that it can be compared, and names nobody."""

from __future__ import annotations

import getpass
import json
import os
import platform
import sys
from pathlib import Path

from fraiseql_chaos.experiment.machine import machine


def test_what_a_comparison_needs_is_there() -> None:
    found = machine()
    assert found["cores"] == len(os.sched_getaffinity(0))
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert (found["kernel"], found["architecture"]) == (platform.release(), platform.machine())
    assert str(found["fraiseql_chaos"]).startswith("0.")


def test_memory_is_the_kernels_number_in_mebibytes() -> None:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    total_kib = next(int(line.split()[1]) for line in lines if line.startswith("MemTotal:"))
    assert machine()["memory_mib"] == total_kib // 1024


def test_neither_host_nor_user_is_named() -> None:
    values = {str(value) for value in machine().values()}
    assert values.isdisjoint({platform.node(), getpass.getuser()})


def test_everything_can_stand_in_a_history() -> None:
    assert json.loads(json.dumps(machine())) == machine()
