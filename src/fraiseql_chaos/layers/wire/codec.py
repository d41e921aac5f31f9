"""The faults that an edge which reads PostgreSQL can be told to arm, by wire name: those of the stream and those of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fraiseql_chaos.layers.stream.codec import STREAM_KINDS
from fraiseql_chaos.layers.stream.model import StreamFault
from fraiseql_chaos.layers.wire.faults import WIRE_FAULTS

__all__ = ["EDGE_KINDS"]

EDGE_KINDS: Final[Mapping[str, type[StreamFault]]] = {**STREAM_KINDS, **{fault.kind: fault for fault in WIRE_FAULTS}}
