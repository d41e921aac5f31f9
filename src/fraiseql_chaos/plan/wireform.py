"""
A fault as JSON, for the socket of the process that does it.

    {"kind": "latency", "parameters": {"delay_ms": 250.0, ...}}

The parameters are those that reports print, read back by the fault's own fields, so a new fault needs nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.plan.model import Fault
from fraiseql_chaos.plan.parameters import with_parameters

__all__ = ["fault_from_json", "fault_to_json"]


def fault_to_json(fault: Fault) -> JsonObject:
    """Return a fault as JSON."""
    return {"kind": fault.kind, "parameters": fault.parameters()}


def fault_from_json[F: Fault](raw: Any, kinds: Mapping[str, type[F]], *, of: str) -> F:
    """
    Read a fault.

    Args:
        raw: What ``fault_to_json`` wrote.
        kinds: The faults there are, by wire name.
        of: What they are faults of, for the message: ``an edge``.

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
        raise DeclarationError(f"no fault of {of} is called {kind!r}; this release knows {', '.join(sorted(kinds))}; nothing was armed")
    return with_parameters(kinds[kind], parameters, what=kind)
