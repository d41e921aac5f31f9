"""Addresses and faults as JSON, for the control socket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos import plan
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.layers.stream.model import Address, StreamFault, TcpAddress, UnixAddress
from fraiseql_chaos.plan import fault_to_json

__all__ = ["STREAM_KINDS", "address_from_json", "address_to_json", "fault_from_json", "fault_to_json"]

STREAM_KINDS: Final[Mapping[str, type[StreamFault]]] = {fault.kind: fault for fault in STREAM_FAULTS}
"""The faults of this layer, by wire name."""


def address_to_json(address: Address) -> JsonObject:
    """Return the address as JSON."""
    match address:
        case TcpAddress(host=host, port=port):
            return {"host": host, "port": port}
        case UnixAddress(path=path):
            return {"path": str(path)}


def address_from_json(raw: Any) -> Address:
    """
    Read an address.

    Raises:
        LocalProtocolError: If it has not the shape of one.
        DeclarationError: If it has, but leads nowhere.
    """
    match raw:
        case {"host": str(host), "port": int(port), **rest} if not rest:
            return TcpAddress(host=host, port=port)
        case {"path": str(path), **rest} if not rest:
            return UnixAddress(path=Path(path))
        case _:
            raise LocalProtocolError(f'an address is {{"host": ..., "port": ...}} or {{"path": ...}}, not {raw!r}')


def fault_from_json(raw: Any, kinds: Mapping[str, type[StreamFault]] = STREAM_KINDS) -> StreamFault:
    """Read a fault of this layer, or of those given; see ``plan.fault_from_json``."""
    return plan.fault_from_json(raw, kinds, of="an edge")
