"""
What a service's way to its database may be made of, and what faults need of it.

    stream    a proxy, which bends bytes and messages
    packets   a link between two network namespaces, which bends packets
    both      the proxy, and the link behind it
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, get_args

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.plan.model import Fault

__all__ = ["EDGE_KINDS", "EdgeKind", "check_edge_kind", "edge_for"]

type EdgeKind = Literal["stream", "packets", "both"]
"""What the way to the database is made of."""

EDGE_KINDS: Final[tuple[EdgeKind, ...]] = get_args(EdgeKind.__value__)

_BENT_BY_PACKETS: Final = "packet"
"""The layer whose faults need a link; those of every other layer do without."""

_BENT_BY_STREAM: Final = frozenset({"stream", "wire"})
"""The layers whose faults need a proxy."""


def check_edge_kind(word: Any, *, of: str) -> EdgeKind:
    """
    Return a word that names one of the three.

    Args:
        word: What was given.
        of: Where it was given, for the message.

    Raises:
        DeclarationError: If it is none of them.
    """
    for kind in EDGE_KINDS:
        if word == kind:
            return kind
    raise DeclarationError(f"{of}={word}: one of {', '.join(EDGE_KINDS)}; nothing was run")


def edge_for(faults: Iterable[type[Fault] | Fault]) -> EdgeKind:
    """Return the least that all of these faults can act on."""
    layers = {fault.layer for fault in faults}
    if _BENT_BY_PACKETS not in layers:
        return "stream"
    return "both" if layers & _BENT_BY_STREAM else "packets"
