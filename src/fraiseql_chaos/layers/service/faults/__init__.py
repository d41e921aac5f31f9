"""Everything that can go wrong with the service itself. To add a fault: one file, one class, one line here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.service.faults.pool_exhaustion import PoolExhaustion

__all__ = ["SERVICE_FAULTS", "PoolExhaustion", "ServiceFault"]

type ServiceFault = PoolExhaustion

SERVICE_FAULTS: Final[tuple[type[PoolExhaustion]]] = (PoolExhaustion,)
