"""Arming a fault sends the crowd that it declares, and healing calls it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from fraiseql_chaos.layers.service.driver import armed
from fraiseql_chaos.layers.service.faults import PoolExhaustion

pytestmark = pytest.mark.anyio


class Square:
    """A place that remembers who crowded it."""

    def __init__(self) -> None:
        self.story: list[str] = []

    def crowded(self, operation: str, in_flight: int) -> AbstractAsyncContextManager[None]:
        """Write down who comes and goes."""
        return self._crowded(f"{in_flight} x {operation}")

    @asynccontextmanager
    async def _crowded(self, who: str) -> AsyncIterator[None]:
        self.story.append(f"{who} come")
        yield
        self.story.append(f"{who} go")


async def test_the_crowd_is_as_large_as_declared_and_asks_what_was_declared() -> None:
    square = Square()
    guard = armed(PoolExhaustion(in_flight=7, operation="report"), square)
    assert square.story == []
    async with guard:
        assert square.story == ["7 x report come"]
    assert square.story == ["7 x report come", "7 x report go"]
