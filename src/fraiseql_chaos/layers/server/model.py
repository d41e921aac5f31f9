"""The role a PostgreSQL server plays for this layer: something that can be taken away, or held up, and given back, under a guard."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

__all__ = ["StoppableServer"]


class StoppableServer(Protocol):
    """A server that can be stopped and started; one that cannot raises ``CapabilityError`` and names what it lacks."""

    def stopped(self, mode: Literal["fast", "immediate"] = "fast") -> AbstractAsyncContextManager[None]:
        """Return a guard: entering shuts the server down, leaving starts it again."""
        ...

    def frozen(self, what: Literal["all", "postmaster"]) -> AbstractAsyncContextManager[None]:
        """Return a guard: entering stops processes where they stand, leaving lets them go on."""
        ...

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Return a guard: entering kills the postmaster, leaving starts it again and waits for its recovery."""
        ...
