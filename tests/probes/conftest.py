"""Processes to look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fraiseql_chaos.probes.descendants import with_descendants

__all__ = ["family"]

FAMILY = "import subprocess, sys; child = subprocess.Popen(['cat'], stdin=subprocess.PIPE); print(child.pid, flush=True); sys.stdin.read(); child.kill(); child.wait()"


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A parent and its child, by their numbers."""
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        yield parent.pid, int(parent.stdout.readline())
        for pid in with_descendants(parent.pid):
            os.kill(pid, signal.SIGCONT)
        parent.communicate(timeout=10)
