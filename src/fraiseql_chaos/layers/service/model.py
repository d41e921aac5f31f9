"""The role a service plays for this layer: something that can be crowded."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["CrowdedService"]


class CrowdedService(Protocol):
    """A service that any number of clients can be sent to; one that lacks the operation raises ``DeclarationError`` and names those it has."""

    def crowded(self, operation: str, in_flight: int) -> AbstractAsyncContextManager[None]:
        """Return a guard: entering sends so many clients that ask an operation again and again, leaving calls them back."""
        ...
