"""
What a link is to who commands it, whoever carries its packets: this process, over TUN devices (``Link``), or the kernel, over veth pairs and through ``netem``
(``NetemLink``).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Protocol

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.layers.packet.ends import Side
from fraiseql_chaos.layers.packet.model import PacketFault

__all__ = ["AnyLink"]


class AnyLink(Protocol):
    """
    A link of either mechanism.

    Attributes:
        sources: What is to be called when a descriptor can be read; empty if the kernel carries the packets.
        ends: Its addresses, devices and networks.
    """

    sources: Mapping[int, Callable[[], None]]
    ends: JsonObject

    @property
    def due_ns(self) -> int | None:
        """When something is to be released; None if nothing is."""
        ...

    def release(self, time_ns: int) -> None:
        """Hand on what has come due."""
        ...

    def arm(self, fault_id: str, fault: PacketFault, dice: str) -> None:
        """Arm a fault; when this returns it acts."""
        ...

    def heal(self, fault_id: str) -> None:
        """Heal a fault, and hand on what it held."""
        ...

    def ledger(self) -> JsonObject:
        """Return what crossed."""
        ...

    def hits(self, since: int, limit: int) -> list[Json]:
        """Return what faults did, from one hit on."""
        ...

    def tap(self, side: Side) -> socket.socket:
        """Return a socket that is handed a copy of every packet at one end."""
        ...

    def socket(self, side: Side, family: int, kind: int) -> socket.socket:
        """Return a new socket that lives at one end."""
        ...

    def close(self) -> None:
        """Take both devices away, and let go of the near network."""
        ...
