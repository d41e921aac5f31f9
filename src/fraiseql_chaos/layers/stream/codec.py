"""
Addresses and faults as JSON, for the control socket.

A fault is ``{"kind": "latency", "parameters": {"delay_ms": 250.0, ...}}``: the same parameters that reports print. They are read back
by the fault's own fields, so a new fault needs nothing here: a field that is a duration is called ``<field>_ms`` on the wire. Checking
the magnitudes is left to the fault itself.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final, get_type_hints

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS, StreamFault
from fraiseql_chaos.layers.stream.model import Address, TcpAddress, UnixAddress

__all__ = ["address_from_json", "address_to_json", "fault_from_json", "fault_to_json"]

_KINDS: Final = {fault.kind: fault for fault in STREAM_FAULTS}


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


def fault_from_json(raw: Any) -> StreamFault:
    """
    Read a fault.

    Raises:
        LocalProtocolError: If it has not the shape of one, or a parameter is unknown.
        DeclarationError: If its kind is unknown, or its magnitudes make no sense.
    """
    match raw:
        case {"kind": str(kind), "parameters": dict(parameters), **rest} if not rest:
            pass
        case _:
            raise LocalProtocolError(f'a fault is {{"kind": ..., "parameters": {{...}}}}, not {raw!r}')
    if (cls := _KINDS.get(kind)) is None:
        raise DeclarationError(f"no stream fault is called {kind!r}; this release knows {', '.join(sorted(_KINDS))}; nothing was armed")
    hints = get_type_hints(cls)
    names = {f"{field.name}_ms" if hints[field.name] is Duration else field.name: field.name for field in dataclasses.fields(cls)}
    if unknown := sorted(parameters.keys() - names.keys()):
        raise LocalProtocolError(f"{kind} has no parameter {', '.join(unknown)}; it has {', '.join(names) or 'none'}; nothing was armed")
    values: dict[str, Any] = {names[name]: ms(value) if name.endswith("_ms") else value for name, value in parameters.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise LocalProtocolError(f"{kind}: {error}; nothing was armed") from None
