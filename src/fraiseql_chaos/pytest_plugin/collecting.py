"""
What the tests of a suite say of themselves, by letting pytest collect them without running any.

It is done in this process and without a terminal, so nothing is printed; what cannot be collected is an error that names the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from fraiseql_chaos.coverage import CollectedTest
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.pytest_plugin.marks import claims_of

__all__ = ["collect_suite"]

_QUIET: Final = ("-p", "no:terminal", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:logging")


def collect_suite(suite: Path) -> tuple[CollectedTest, ...]:
    """
    Return every test of a suite, in the order of its files, with ids relative to its folder.

    Raises:
        DeclarationError: If something in it cannot be collected, or there is no test.
    """
    found = _Found()
    words = [str(suite), "--collect-only", *_QUIET, "-c", os.devnull, f"--rootdir={suite}", f"--confcutdir={suite}", "--import-mode=importlib"]
    words += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    status = pytest.main(words, plugins=[found])
    if found.problems or status != pytest.ExitCode.OK:
        told = "; ".join(found.problems) or f"pytest ended with status {int(status)}"
        raise DeclarationError(f"{suite}: the suite cannot be collected: {told}; nothing was looked up")
    return tuple(found.tests)


class _Found:
    """A plugin of pytest's that keeps what was collected."""

    def __init__(self) -> None:
        self.tests: list[CollectedTest] = []
        self.problems: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            words = report.longreprtext.strip().splitlines() or ["failed"]
            self.problems.append(f"{report.nodeid}: {words[-1].removeprefix('E').strip()}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            marker = item.get_closest_marker("weakness")
            self.tests.append(CollectedTest(id=item.nodeid, claims=claims_of(item), weakness="" if marker is None else str(marker.args[0])))
