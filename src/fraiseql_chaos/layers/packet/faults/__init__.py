"""Everything that can go wrong with packets. To add a fault: one file, one class, one row here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.packet.faults.bit_flip import BitFlip
from fraiseql_chaos.layers.packet.faults.burst_loss import BurstLoss
from fraiseql_chaos.layers.packet.faults.duplicate import Duplicate
from fraiseql_chaos.layers.packet.faults.flapping import Flapping
from fraiseql_chaos.layers.packet.faults.loss import Loss
from fraiseql_chaos.layers.packet.faults.packet_delay import PacketDelay
from fraiseql_chaos.layers.packet.faults.packet_rate import PacketRate
from fraiseql_chaos.layers.packet.faults.partition import Partition
from fraiseql_chaos.layers.packet.faults.reorder import Reorder
from fraiseql_chaos.layers.packet.model import PacketFault

__all__ = [
    "PACKET_FAULTS",
    "BitFlip",
    "BurstLoss",
    "Duplicate",
    "Flapping",
    "Loss",
    "PacketDelay",
    "PacketRate",
    "Partition",
    "Reorder",
]

PACKET_FAULTS: Final[tuple[type[PacketFault], ...]] = (
    Loss,
    BurstLoss,
    Duplicate,
    Reorder,
    BitFlip,
    PacketDelay,
    PacketRate,
    Partition,
    Flapping,
)
