"""What a suite says of itself is collected without running it, and without a word on the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

pytest_plugins = ["pytester"]

TAKES_AT_MOST_S = 60
SUITE = """
import pytest

@pytest.mark.claims("1.1.1a")
class TestIt:
    @pytest.mark.claims("1.1.1b", "1.1.1.m1")
    @pytest.mark.weakness("W-001")
    async def test_x(self, service, chaos, load):
        raise AssertionError

@pytest.mark.weakness("W-002", remedy=False)
def test_y(load): ...

def test_z(): ...
"""
COLLECT = """
import json, sys
from pathlib import Path
from fraiseql_chaos.errors import ChaosError
from fraiseql_chaos.pytest_plugin.collecting import collect_suite
try:
    found = collect_suite(Path(sys.argv[1]))
except ChaosError as error:
    sys.exit(str(error))
print(json.dumps([[test.id, test.claims, test.weakness] for test in found]))
"""


def collect(suite: Path) -> subprocess.CompletedProcess[str]:
    """Collect in a process of its own, since pytest is no guest in its own house."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-c", COLLECT, str(suite)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TAKES_AT_MOST_S, check=False, env=environment)


def test_every_variant_is_found_with_what_its_marks_say(tmp_path: Path) -> None:
    """Claims of the class count too, behind those of the test; and nothing else is printed."""
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "test_it.py").write_text(SUITE)
    done = collect(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    claims = ["1.1.1b", "1.1.1.m1", "1.1.1a"]
    assert json.loads(done.stdout) == [
        ["network/test_it.py::TestIt::test_x[stock]", claims, "W-001"],
        ["network/test_it.py::TestIt::test_x[hardened]", claims, "W-001"],
        ["network/test_it.py::test_y[stock]", [], "W-002"],
        ["network/test_it.py::test_z", [], ""],
    ]


def test_what_cannot_be_collected_is_named(tmp_path: Path) -> None:
    """Half a suite would leave claims open that have their test."""
    (tmp_path / "test_it.py").write_text(SUITE)
    (tmp_path / "test_broken.py").write_text("import no_such_module")
    done = collect(tmp_path)
    assert done.returncode == 1
    assert "the suite cannot be collected: test_broken.py: " in done.stderr
    assert "No module named 'no_such_module'" in done.stderr


def test_a_folder_without_tests_is_no_suite(tmp_path: Path) -> None:
    done = collect(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the suite cannot be collected: pytest ended with status 5" in done.stderr
