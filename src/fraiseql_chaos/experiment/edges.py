"""
What faults are armed on between a service and its server: a proxy that bends bytes and messages, a link that bends packets.

Each knows its own name at the process that does the work, so that nobody else has to.
"""

from __future__ import annotations

from dataclasses import dataclass

from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import LinkEnds, Mechanism
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.stream.model import StreamFault
from fraiseql_chaos.layers.wire.ledger import WireRecord, record_from_json
from fraiseql_chaos.rig.keeper import Child

__all__ = ["LinkEdge", "ProxyEdge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEdge:
    """
    An edge of a stream proxy.

    Attributes:
        control: Commands the proxy.
        name: The edge's name there.
    """

    control: EdgeControl
    name: str

    def arm(self, fault_id: str, fault: StreamFault, *, dice: str | None = None) -> None:
        """Arm a fault; see ``EdgeControl.arm``."""
        self.control.arm(self.name, fault_id, fault, dice=dice)

    def heal(self, fault_id: str) -> None:
        """Heal a fault; see ``EdgeControl.heal``."""
        self.control.heal(self.name, fault_id)

    def ledger(self) -> Ledger:
        """Return what has passed so far, by the proxy's own word."""
        return self.control.ledger(self.name)

    def hits(self) -> tuple[Hit, ...]:
        """Return what faults of the stream did, item by item, as far as it was kept."""
        return self.control.hits(self.name)

    def record(self) -> WireRecord:
        """Return what faults on messages hit."""
        return record_from_json(self.control.record(self.name))

    def certificate(self) -> str:
        """Return what clients must trust, as PEM; empty if no encryption ends there."""
        return self.control.certificate(self.name)

    def close(self) -> None:
        """Cut what passes and give the port back."""
        self.control.close_edge(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEdge:
    """
    A packet link.

    Attributes:
        control: Commands the forwarder.
        name: The link's name there.
        ends: Its addresses and devices.
        forwarder: The process that carries its packets, or has the kernel do it, and lives at its far end.
        mechanism: Which of the two.
    """

    control: LinkControl
    name: str
    ends: LinkEnds
    forwarder: Child
    mechanism: Mechanism

    def arm(self, fault_id: str, fault: PacketFault, *, dice: str | None = None) -> None:
        """Arm a fault; see ``LinkControl.arm``."""
        self.control.arm(self.name, fault_id, fault, dice=dice)

    def heal(self, fault_id: str) -> None:
        """Heal a fault; see ``LinkControl.heal``."""
        self.control.heal(self.name, fault_id)

    def ledger(self) -> PacketLedger:
        """Return what has passed so far, by the forwarder's own word."""
        return self.control.ledger(self.name)

    def hits(self) -> tuple[PacketHit, ...]:
        """Return what faults did, packet by packet, as far as it was kept."""
        return self.control.hits(self.name)

    def close(self) -> None:
        """Take the link away, with both of its devices."""
        self.control.close_link(self.name)
