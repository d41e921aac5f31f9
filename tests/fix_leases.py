"""A temporary root of a test's own for leases, so that no other run's keeper sweeps or is swept."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns

__all__ = ["eventually", "lease_root"]

LOOK_EVERY_S = 0.005
GAP_MAX_NS = ms(250).ns


@pytest.fixture
def lease_root(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point the temporary directory, and with it every lease, into a folder of the test's own that other users can pass through."""
    # pytest asks for the temporary directory once and remembers it: it must not remember ours, which is gone after this test.
    tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory(prefix="leases-") as root:
        Path(root).chmod(0o711)
        monkeypatch.setenv("TMPDIR", root)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(root)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object], float], None]:
    """
    Wait for a condition with a deadline in seconds; fail when it passes.

    Of a gap between two looks only the part counts that a running machine would take: one that stood still, as a shared one sometimes does for
    seconds, stood still for those who are waited for, too.
    """

    def wait(condition: Callable[[], object], within_s: float) -> None:
        left_ns, looked_ns = ms(within_s * 1000).ns, now_ns()
        while not condition():
            time.sleep(LOOK_EVERY_S)
            left_ns -= min(now_ns() - looked_ns, GAP_MAX_NS)
            looked_ns = now_ns()
            assert left_ns > 0, f"did not become true within {within_s} s"

    return wait
