"""Everything that can go wrong on a byte stream. To add a fault: one file, one class, one row here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.stream.faults.latency import Latency
from fraiseql_chaos.layers.stream.faults.refuse import Refuse
from fraiseql_chaos.layers.stream.model import StreamFault

__all__ = ["STREAM_FAULTS", "Latency", "Refuse"]

STREAM_FAULTS: Final[tuple[type[StreamFault], ...]] = (Latency, Refuse)
