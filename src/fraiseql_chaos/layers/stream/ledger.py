"""
The ledger of an edge: exact counts of what passed, and what its faults did, kept by the proxy itself.

It never decides whether a fault bit, because the injector's own word is no evidence; it is what the witnesses' words are compared
with. Counts only grow, except the two that say how much there is *now*. At any instant, and for each direction,

    bytes + added_bytes = what was handed on + held_bytes + dropped_bytes

One thing it cannot count: what a receiver had not taken when it reset its connection itself, for the kernel does not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.hits import Hit

__all__ = ["Ledger", "Traffic", "hits_from_json", "hits_to_json", "ledger_from_json", "ledger_to_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """
    What passed in one direction.

    Attributes:
        bytes: How many bytes arrived at the edge.
        chunks: In how many pieces the kernel handed them over.
        held_bytes: How many of them are held back now.
        dropped_bytes: How many will never be handed on, because a fault swallowed them, their connection was cut, or their receiver had gone.
        added_bytes: How many were handed on, or are held, that never arrived: a fault put them there.
    """

    bytes: int
    chunks: int
    held_bytes: int
    dropped_bytes: int
    added_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """
    What happened at an edge since it was opened.

    Attributes:
        connections_opened: How many were joined to the server; the n-th has the ordinal n - 1.
        connections_failed: How many were closed because the server could not be reached.
        connections_cut: How many a fault has cut.
        connections_open: How many there are now.
        up: What passed towards the server.
        down: What passed towards the service.
        hits: How often each fault did what, by fault id and decision, healed faults included; see ``hits.Hit``.
    """

    connections_opened: int
    connections_failed: int
    connections_cut: int
    connections_open: int
    up: Traffic
    down: Traffic
    hits: Mapping[str, Mapping[str, int]]


def ledger_to_json(ledger: Ledger) -> JsonObject:
    """Return the ledger as JSON."""
    return asdict(ledger)


def ledger_from_json(raw: Any) -> Ledger:
    """
    Read what ``ledger_to_json`` wrote.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        fields = dict(raw)
        return Ledger(**fields | {"up": Traffic(**fields["up"]), "down": Traffic(**fields["down"])})
    except (KeyError, TypeError, ValueError) as error:
        raise PeerProtocolError(f"the edge proxy answered with something that is no ledger ({error}): {raw!r}") from None


def hits_to_json(hits: Iterable[Hit]) -> list[Json]:
    """Return hits as JSON, each as the list of its fields."""
    return [list(hit) for hit in hits]


def hits_from_json(raw: Any) -> tuple[Hit, ...]:
    """
    Read what ``hits_to_json`` wrote.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        return tuple(Hit(*fields) for fields in raw)
    except TypeError as error:
        raise PeerProtocolError(f"the edge proxy answered with something that is no list of hits ({error}): {raw!r:.200}") from None
