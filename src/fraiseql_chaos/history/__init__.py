"""The spine: what happened, as events on one clock. Written by the one arm of the package, judged by the other."""

from __future__ import annotations

from fraiseql_chaos.history.codec import decode, encode
from fraiseql_chaos.history.events import (
    SCHEMA,
    Begin,
    End,
    Event,
    Evidence,
    FaultArmed,
    FaultDeclared,
    FaultHealed,
    FaultHit,
    GeneratorStalled,
    Inventory,
    LoadPlanned,
    Operation,
    Outcome,
    ProcessExited,
    Sample,
    Shows,
)
from fraiseql_chaos.history.log import HistoryLog
from fraiseql_chaos.history.query import FaultRecord, History, read_history

__all__ = [
    "SCHEMA",
    "Begin",
    "End",
    "Event",
    "Evidence",
    "FaultArmed",
    "FaultDeclared",
    "FaultHealed",
    "FaultHit",
    "FaultRecord",
    "GeneratorStalled",
    "History",
    "HistoryLog",
    "Inventory",
    "LoadPlanned",
    "Operation",
    "Outcome",
    "ProcessExited",
    "Sample",
    "Shows",
    "decode",
    "encode",
    "read_history",
]
