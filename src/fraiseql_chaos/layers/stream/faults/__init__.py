"""Everything that can go wrong on a byte stream. To add a fault: one file, one class, one line here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.faults.latency import Latency
from fraiseql_chaos.layers.stream.faults.refuse import Refuse

__all__ = ["STREAM_FAULTS", "Latency", "Refuse", "StreamFault"]

type StreamFault = Latency | Refuse

STREAM_FAULTS = (Latency, Refuse)
