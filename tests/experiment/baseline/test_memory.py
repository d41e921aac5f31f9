"""Memory metrics are named by process and kind, and are what the kernel says."""

from __future__ import annotations

import os

from fraiseql_chaos.experiment.baseline.memory import measure_memory
from fraiseql_chaos.experiment.baseline.resources import Processes


def test_every_process_has_both_kinds_of_memory() -> None:
    found = measure_memory(Processes(service=os.getpid(), postmaster=os.getpid()))
    assert found.keys() == {f"resources.memory.{process}.{kind}" for process in ("service", "postgresql") for kind in ("rss", "pss")}
    assert all(reading.unit == "MiB" and reading.value > 5 for reading in found.values())
