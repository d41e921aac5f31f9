"""
Faults, ledgers and hits as JSON, for the control socket.

A fault is ``{"kind": "loss", "parameters": {"rate": 0.05, ...}}``: the same parameters that reports print, read back by the fault's own fields
(``plan.parameters``), so a new fault needs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError, PeerProtocolError
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger, Traffic
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.plan import with_parameters

__all__ = ["PACKET_KINDS", "fault_from_json", "fault_to_json", "hits_from_json", "hits_to_json", "ledger_from_json", "ledger_to_json"]

PACKET_KINDS: Final[Mapping[str, type[PacketFault]]] = {fault.kind: fault for fault in PACKET_FAULTS}
"""The faults of this layer, by wire name."""


def fault_to_json(fault: PacketFault) -> JsonObject:
    """Return the fault as JSON."""
    return {"kind": fault.kind, "parameters": fault.parameters()}


def fault_from_json(raw: Any, kinds: Mapping[str, type[PacketFault]] = PACKET_KINDS) -> PacketFault:
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
        raise DeclarationError(f"no fault of a link is called {kind!r}; this release knows {', '.join(sorted(kinds))}; nothing was armed")
    return with_parameters(kinds[kind], parameters, what=kind)


def ledger_to_json(ledger: PacketLedger) -> JsonObject:
    """Return the ledger as JSON."""
    return asdict(ledger)


def ledger_from_json(raw: Any) -> PacketLedger:
    """
    Read what ``ledger_to_json`` wrote.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        fields = dict(raw)
        return PacketLedger(**fields | {"up": Traffic(**fields["up"]), "down": Traffic(**fields["down"])})
    except (KeyError, TypeError, ValueError) as error:
        raise PeerProtocolError(f"the forwarder answered with something that is no ledger ({error}): {raw!r:.200}") from None


def hits_to_json(hits: Iterable[PacketHit]) -> list[Json]:
    """Return hits as JSON, each as the list of its fields."""
    return [list(hit) for hit in hits]


def hits_from_json(raw: Any) -> tuple[PacketHit, ...]:
    """
    Read what ``hits_to_json`` wrote.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        return tuple(PacketHit(*fields) for fields in raw)
    except TypeError as error:
        raise PeerProtocolError(f"the forwarder answered with something that is no list of hits ({error}): {raw!r:.200}") from None
