"""Where faults of the service touch the world: each is a guard around what can be done to one from outside."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from fraiseql_chaos.layers.service.faults import ServiceFault
from fraiseql_chaos.layers.service.model import CrowdedService

__all__ = ["armed"]


def armed(fault: ServiceFault, service: CrowdedService) -> AbstractAsyncContextManager[None]:
    """
    Return the guard of a fault: entering arms it, leaving heals it.

    Raises:
        DeclarationError: If the service cannot be asked what the fault asks.
    """
    return service.crowded(fault.operation, fault.in_flight)
