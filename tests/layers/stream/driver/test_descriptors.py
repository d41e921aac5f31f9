"""A process that carries many connections may open as many files as it is allowed to."""

from __future__ import annotations

import subprocess
import sys


def test_the_limit_is_raised_to_the_highest_allowed() -> None:
    """In a process of its own, because a limit is for the whole of it."""
    program = (
        "import resource\nfrom fraiseql_chaos.layers.stream.driver.descriptors import raise_descriptor_limit\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "raise_descriptor_limit()\nsoft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\nprint(soft == hard)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30).stdout == "True\n"
