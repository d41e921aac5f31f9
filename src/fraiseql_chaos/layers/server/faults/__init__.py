"""Everything that can go wrong with the server. To add a fault: one file, one class, one line here (see guides/adding-a-fault.md)."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.layers.server.faults.freeze import Freeze
from fraiseql_chaos.layers.server.faults.stop import Stop

__all__ = ["SERVER_FAULTS", "Freeze", "ServerFault", "Stop"]

type ServerFault = Freeze | Stop

SERVER_FAULTS: Final[tuple[type[Freeze], type[Stop]]] = (Freeze, Stop)
