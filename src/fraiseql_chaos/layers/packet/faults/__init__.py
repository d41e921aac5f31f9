"""Everything that can go wrong with packets. To add a fault: one file, one class, one row here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.packet.faults.loss import Loss
from fraiseql_chaos.layers.packet.model import PacketFault

__all__ = ["PACKET_FAULTS", "Loss"]

PACKET_FAULTS: Final[tuple[type[PacketFault], ...]] = (Loss,)
