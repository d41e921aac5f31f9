"""The runner's end of an edge proxy's control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fraiseql_chaos.control.asking import DEADLINE, ControlSocket
from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.codec import address_from_json, address_to_json, fault_to_json
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger, hits_from_json, ledger_from_json
from fraiseql_chaos.layers.stream.model import Address, StreamFault, TcpAddress

__all__ = ["EdgeControl", "Protocol"]

type Protocol = Literal["bytes", "postgresql", "postgresql-tls", "postgresql-tls-both"]
"""
What an edge reads of what passes: nothing, or PostgreSQL's messages, which wire faults are placed on. TLS passes an edge unread, unless it ends
there: towards the service alone (``-tls``), or begins again towards the server (``-tls-both``).
"""


class EdgeControl:
    """
    Commands an edge proxy; see ``ControlSocket`` for ``wait_ready`` and for what each call raises when the proxy is gone.

    Args:
        path: The Unix socket it was started with.
        deadline: How long each call may take.

    Raises:
        DeclarationError: If the path is too long for a Unix socket.
    """

    def __init__(self, path: Path, *, deadline: Duration = DEADLINE) -> None:
        self._socket = ControlSocket(path, who="edge proxy", deadline=deadline)
        self._ask = self._socket.ask
        self.wait_ready = self._socket.wait_ready

    def open(self, name: str, *, upstream: Address, seed: int, protocol: Protocol = "bytes") -> TcpAddress:
        """
        Open an edge in front of a server, which need not be up yet.

        Args:
            name: What the edge is called from now on.
            upstream: Where its connections lead.
            seed: Where the dice of its faults derive from.
            protocol: What is read of what passes; ``bytes`` for nothing.

        Returns:
            Where to connect to instead: 127.0.0.1 and a port that stays the edge's until it is closed.

        Raises:
            DeclarationError: If an edge of this name is open.
            RigError: If the proxy is gone, does not answer in time, or gets no port.
        """
        answer = self._ask({"do": "open", "edge": name, "upstream": address_to_json(upstream), "seed": seed, "protocol": protocol})
        address = address_from_json(answer)
        if not isinstance(address, TcpAddress):
            raise PeerProtocolError(f"the edge proxy opened {name!r} at {address}, which is no TCP address")
        return address

    def arm(self, edge: str, fault_id: str, fault: StreamFault, *, dice: str | None = None) -> None:
        """
        Arm a fault; when this returns it is armed, and a refusing one has cut what there was.

        Args:
            edge: Where.
            fault_id: What it is called there.
            fault: The fault.
            dice: What its dice are called; the id if there is no name that depends less on its neighbours.

        Raises:
            DeclarationError: If there is no such edge, or the id is armed there already.
            RigError: If the proxy is gone or does not answer in time.
        """
        self._ask({"do": "arm", "edge": edge, "fault_id": fault_id, "fault": fault_to_json(fault), "dice": fault_id if dice is None else dice})

    def heal(self, edge: str, fault_id: str) -> None:
        """
        Heal a fault; when this returns, what it held has moved on and the door is open unless another keeps it shut.

        Raises:
            DeclarationError: If there is no such edge, or the id is not armed there.
            RigError: If the proxy is gone or does not answer in time.
        """
        self._ask({"do": "heal", "edge": edge, "fault_id": fault_id})

    def ledger(self, edge: str) -> Ledger:
        """
        Return what happened at an edge since it was opened.

        Raises:
            DeclarationError: If there is no such edge.
            RigError: If the proxy is gone or does not answer in time.
        """
        return ledger_from_json(self._ask({"do": "ledger", "edge": edge}))

    def hits(self, edge: str) -> tuple[Hit, ...]:
        """
        Return what faults did at an edge, item by item, as far as it was kept.

        Raises:
            DeclarationError: If there is no such edge.
            RigError: If the proxy is gone or does not answer in time.
        """
        hits: list[Hit] = []
        while more := hits_from_json(self._ask({"do": "hits", "edge": edge, "since": len(hits)})):
            hits += more
        return tuple(hits)

    def record(self, edge: str) -> JsonObject:
        """
        Return what the reading of an edge has written down; empty if nobody reads there.

        Raises:
            DeclarationError: If there is no such edge.
            RigError: If the proxy is gone or does not answer in time.
        """
        record = self._ask({"do": "record", "edge": edge})
        if not isinstance(record, dict):
            raise PeerProtocolError(f"the edge proxy answered with something that is no record: {record!r:.200}")
        return record

    def certificate(self, edge: str) -> str:
        """
        Return the certificate that clients of an edge must trust, as PEM; empty if no encryption ends there.

        Raises:
            DeclarationError: If there is no such edge.
            RigError: If the proxy is gone or does not answer in time.
        """
        return str(self._ask({"do": "certificate", "edge": edge}))

    def close_edge(self, name: str) -> None:
        """
        Cut an edge's connections and give its port back.

        Raises:
            DeclarationError: If there is no such edge.
            RigError: If the proxy is gone or does not answer in time.
        """
        self._ask({"do": "close", "edge": name})
