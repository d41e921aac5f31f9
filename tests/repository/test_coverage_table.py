"""The document of what is covered says what the marks of the suite say, and they name what the plan has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITTEN = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['coverage_table']())"


def test_the_table_is_the_one_that_the_marks_write() -> None:
    """If it is not, run ``python scripts/coverage_table.py``; a mark with an id that the plan does not have is named here, too."""
    command = [sys.executable, "-c", WRITTEN, str(ROOT / "scripts" / "coverage_table.py")]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert written.returncode == 0, written.stderr
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == written.stdout
