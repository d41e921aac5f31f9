"""
What packets meet that may not pass: silence, a refusal, or a reset.

The three are three different outages. Silence is a cable that was pulled or a firewall that drops: senders try again until they give up, minutes
later. A refusal is a firewall that rejects: a connect fails at once with EHOSTUNREACH, while a connection that stands takes it for a hint and goes on
trying. A reset is a middlebox that has forgotten the connection, or a host that was restarted: whoever speaks loses the connection at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from fraiseql_chaos.layers.packet.answers import reset_for, unreachable_for
from fraiseql_chaos.layers.packet.model import DROPPED, Direction, Fate, Leaving, other_way
from fraiseql_chaos.layers.packet.packet import TCP, Packet

__all__ = ["HOW", "HOW_WORDS", "How", "turned_back"]

type How = Literal["drop", "unreachable", "reset"]
"""How packets are turned back. What is not TCP cannot be reset, and is told that its destination is unreachable."""

HOW: Final[Mapping[str, str]] = {
    "drop": "nobody is told",
    "unreachable": "the sender is told by ICMP that it is prohibited",
    "reset": "the sender's connection is reset",
}
"""The ways, as a refusal explains them."""

HOW_WORDS: Final[Mapping[str, str]] = {
    "drop": "silently dropped",
    "unreachable": "refused as administratively prohibited",
    "reset": "answered with a reset",
}
"""The ways, as people are told them."""


def turned_back(packet: Packet, direction: Direction, at_ns: int, how: How) -> Fate:
    """Return what becomes of a packet that may not pass."""
    match how:
        case "drop":
            return DROPPED
        case "reset" if packet.protocol == TCP:
            answer = reset_for(packet)
        case _:
            answer = unreachable_for(packet)
    return DROPPED if answer is None else Fate("answered", (Leaving(at_ns, other_way(direction), answer),))
