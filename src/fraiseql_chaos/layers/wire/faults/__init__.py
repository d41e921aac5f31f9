"""Everything that can go wrong with a message. To add a fault: one file, one class, one line here."""

from __future__ import annotations

from fraiseql_chaos.layers.wire.faults.answer_error import AnswerError
from fraiseql_chaos.layers.wire.faults.corrupt_message import CorruptMessage
from fraiseql_chaos.layers.wire.faults.cut_at import CutAt, ambiguous_commit
from fraiseql_chaos.layers.wire.faults.delay_message import DelayMessage
from fraiseql_chaos.layers.wire.faults.drop_message import DropMessage
from fraiseql_chaos.layers.wire.faults.reset_at import ResetAt
from fraiseql_chaos.layers.wire.faults.stall_at import StallAt
from fraiseql_chaos.layers.wire.faults.truncate_result import TruncateResult

__all__ = [
    "WIRE_FAULTS",
    "AnswerError",
    "CorruptMessage",
    "CutAt",
    "DelayMessage",
    "DropMessage",
    "ResetAt",
    "StallAt",
    "TruncateResult",
    "ambiguous_commit",
]

WIRE_FAULTS = (AnswerError, CorruptMessage, CutAt, DelayMessage, DropMessage, ResetAt, StallAt, TruncateResult)
