"""The list of fixture files, one subject each."""

from __future__ import annotations

import hypothesis
import pytest
import scipy.stats  # noqa: F401  NumPy may be loaded once in a process, and a pytest inside of a test, which forgets what it loaded, must not be the first

pytest_plugins = ["fix_leases"]

# How long an example takes is the machine's affair: one that stands still for a fifth of a second is no counterexample.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the one loop this package is written for."""
    return "asyncio"
