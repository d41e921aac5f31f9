"""Faults, ledgers and hits as JSON, for the control socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from fraiseql_chaos import plan
from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger, Traffic
from fraiseql_chaos.layers.packet.model import DIRECTIONS, PacketFault
from fraiseql_chaos.plan import fault_to_json

__all__ = ["PACKET_KINDS", "fault_from_json", "fault_to_json", "hits_from_json", "hits_to_json", "ledger_from_json", "ledger_to_json"]

PACKET_KINDS: Final[Mapping[str, type[PacketFault]]] = {fault.kind: fault for fault in PACKET_FAULTS}
"""The faults of this layer, by wire name."""


def fault_from_json(raw: Any, kinds: Mapping[str, type[PacketFault]] = PACKET_KINDS) -> PacketFault:
    """Read a fault of this layer, or of those given; see ``plan.fault_from_json``."""
    return plan.fault_from_json(raw, kinds, of="a link")


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
        traffic = {way: Traffic(**fields[way]) for way in DIRECTIONS}
        return PacketLedger(**fields | traffic | {"uncounted": tuple(fields["uncounted"])})
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
