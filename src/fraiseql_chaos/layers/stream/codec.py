"""
Addresses and faults as JSON, for the control socket.

A fault is ``{"kind": "latency", "parameters": {"delay_ms": 250.0, ...}}``: the same parameters that reports print, read back by the fault's
own fields (``plan.parameters``), so a new fault needs nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.layers.stream.model import Address, StreamFault, TcpAddress, UnixAddress
from fraiseql_chaos.plan import with_parameters

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


def fault_to_json(fault: StreamFault) -> JsonObject:
    """Return the fault as JSON."""
    return {"kind": fault.kind, "parameters": fault.parameters()}


def fault_from_json(raw: Any, kinds: Mapping[str, type[StreamFault]] = STREAM_KINDS) -> StreamFault:
    """
    Read a fault.

    Args:
        raw: What ``fault_to_json`` wrote.
        kinds: The faults there are, by wire name.

    Raises:
        LocalProtocolError: If it has not the shape of one.
        DeclarationError: If its kind or a parameter is unknown, or its magnitudes make no sense.
    """
    match raw:
        case {"kind": str(kind), "parameters": dict(parameters), **rest} if not rest:
            pass
        case _:
            raise LocalProtocolError(f'a fault is {{"kind": ..., "parameters": {{...}}}}, not {raw!r}')
    if kind not in kinds:
        raise DeclarationError(f"no fault of an edge is called {kind!r}; this release knows {', '.join(sorted(kinds))}; nothing was armed")
    return with_parameters(kinds[kind], parameters, what=kind)
