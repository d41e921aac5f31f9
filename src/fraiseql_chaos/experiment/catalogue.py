"""Every fault that can be asked for, whatever its layer."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.server.faults import SERVER_FAULTS
from fraiseql_chaos.layers.service.faults import SERVICE_FAULTS
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.layers.wire.faults import WIRE_FAULTS
from fraiseql_chaos.plan import Fault

__all__ = ["FAULTS"]

FAULTS: Final[tuple[type[Fault], ...]] = (*STREAM_FAULTS, *WIRE_FAULTS, *PACKET_FAULTS, *SERVER_FAULTS, *SERVICE_FAULTS)
