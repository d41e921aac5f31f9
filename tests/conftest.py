"""The list of fixture files, one subject each."""

from __future__ import annotations

import pytest

pytest_plugins = ["fix_leases"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the one loop this package is written for."""
    return "asyncio"
