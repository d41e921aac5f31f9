"""The role a PostgreSQL server plays for this layer: something whose whole can be taken away, and given back, under a guard."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

__all__ = ["StoppableServer"]


class StoppableServer(Protocol):
    """A server that can be stopped and started; one that cannot raises ``CapabilityError`` and names what it lacks."""

    def stopped(self, mode: Literal["fast", "immediate"] = "fast") -> AbstractAsyncContextManager[None]:
        """Return a guard: entering shuts the server down, leaving starts it again."""
        ...

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Return a guard: entering kills the postmaster, leaving starts it again and waits for its recovery."""
        ...
