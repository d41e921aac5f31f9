"""Everything that can go wrong on a byte stream. To add a fault: one file, one class, one row here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.stream.faults.bandwidth import Bandwidth
from fraiseql_chaos.layers.stream.faults.blackhole import Blackhole
from fraiseql_chaos.layers.stream.faults.corrupt import Corrupt
from fraiseql_chaos.layers.stream.faults.half_open import HalfOpen
from fraiseql_chaos.layers.stream.faults.hang import Hang
from fraiseql_chaos.layers.stream.faults.latency import Latency
from fraiseql_chaos.layers.stream.faults.limit import Limit
from fraiseql_chaos.layers.stream.faults.refuse import Refuse
from fraiseql_chaos.layers.stream.faults.reset import Reset
from fraiseql_chaos.layers.stream.faults.slicer import Slicer
from fraiseql_chaos.layers.stream.faults.slow_accept import SlowAccept
from fraiseql_chaos.layers.stream.faults.slow_close import SlowClose
from fraiseql_chaos.layers.stream.faults.timeout import Timeout
from fraiseql_chaos.layers.stream.model import StreamFault

__all__ = [
    "STREAM_FAULTS",
    "Bandwidth",
    "Blackhole",
    "Corrupt",
    "HalfOpen",
    "Hang",
    "Latency",
    "Limit",
    "Refuse",
    "Reset",
    "Slicer",
    "SlowAccept",
    "SlowClose",
    "Timeout",
]

STREAM_FAULTS: Final[tuple[type[StreamFault], ...]] = (
    Latency,
    Bandwidth,
    Slicer,
    Limit,
    Corrupt,
    Timeout,
    Reset,
    SlowClose,
    HalfOpen,
    Blackhole,
    SlowAccept,
    Hang,
    Refuse,
)
