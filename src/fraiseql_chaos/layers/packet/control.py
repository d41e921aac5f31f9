"""The runner's end of a packet forwarder's control socket."""

from __future__ import annotations

import socket
from pathlib import Path

from fraiseql_chaos.control.asking import DEADLINE, ControlSocket
from fraiseql_chaos.core import Duration
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.packet.codec import fault_to_json, hits_from_json, ledger_from_json
from fraiseql_chaos.layers.packet.ends import LinkEnds, Mechanism, Side, ends_from_json
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger
from fraiseql_chaos.layers.packet.model import PacketFault

__all__ = ["LinkControl"]


class LinkControl:
    """
    Commands a packet forwarder; see ``ControlSocket`` for ``wait_ready`` and for what each call raises when the forwarder is gone.

    Args:
        path: The Unix socket it was started with.
        deadline: How long each call may take.

    Raises:
        DeclarationError: If the path is too long for a Unix socket.
    """

    def __init__(self, path: Path, *, deadline: Duration = DEADLINE) -> None:
        self._socket = ControlSocket(path, who="packet forwarder", deadline=deadline)
        self._ask = self._socket.ask
        self.wait_ready = self._socket.wait_ready

    def namespaces(self) -> tuple[Path, Path | None]:
        """
        Return what names the far network, and the user namespace that owns it; None if that is everybody's.

        Raises:
            CapabilityError: If the kernel does not let it make networks.
        """
        match self._ask({"do": "namespaces"}):
            case {"far": str(far), "user": None | str() as user}:
                return Path(far), None if user is None else Path(user)
            case answer:
                raise PeerProtocolError(f"the packet forwarder answered with something that names no network: {answer!r:.200}")

    def check(self, mechanism: Mechanism) -> None:
        """
        See that links of a mechanism can be made and faults be armed on them, by making one that is taken away again.

        Raises:
            CapabilityError: If not; the message says what is missing.
        """
        self._ask({"do": "check", "mechanism": mechanism})

    def open(self, name: str, *, seed: int, mtu: int, mechanism: Mechanism = "tun") -> LinkEnds:
        """
        Open a link from a new near network to the far one.

        Args:
            name: What it is called from now on.
            seed: Where the dice of its faults derive from.
            mtu: The largest packet, in bytes.
            mechanism: Who carries the packets, and bends them.

        Raises:
            DeclarationError: If a link of this name is open, or the MTU is none.
            CapabilityError: If this machine has no TUN devices, or no veth pairs and bridges.
        """
        return ends_from_json(self._ask({"do": "open", "link": name, "seed": seed, "mtu": mtu, "mechanism": mechanism}))

    def arm(self, link: str, fault_id: str, fault: PacketFault, *, dice: str | None = None) -> None:
        """
        Arm a fault; when this returns it is armed.

        Args:
            link: Where.
            fault_id: What it is called there.
            fault: The fault.
            dice: What its dice are called; the id if there is no name that depends less on its neighbours.

        Raises:
            DeclarationError: If there is no such link, or the id is armed there already.
            CapabilityError: If the link's mechanism cannot do it.
        """
        self._ask({"do": "arm", "link": link, "fault_id": fault_id, "fault": fault_to_json(fault), "dice": fault_id if dice is None else dice})

    def heal(self, link: str, fault_id: str) -> None:
        """
        Heal a fault; when this returns, what it held has gone on.

        Raises:
            DeclarationError: If there is no such link, or the id is not armed there.
        """
        self._ask({"do": "heal", "link": link, "fault_id": fault_id})

    def ledger(self, link: str) -> PacketLedger:
        """
        Return what crossed a link since it was opened.

        Raises:
            DeclarationError: If there is no such link.
        """
        return ledger_from_json(self._ask({"do": "ledger", "link": link}))

    def hits(self, link: str) -> tuple[PacketHit, ...]:
        """
        Return what faults did on a link, packet by packet, as far as it was kept.

        Raises:
            DeclarationError: If there is no such link.
        """
        hits: list[PacketHit] = []
        while more := hits_from_json(self._ask({"do": "hits", "link": link, "since": len(hits)})):
            hits += more
        return tuple(hits)

    def tap(self, link: str, side: Side) -> socket.socket:
        """
        Return a socket that receives a copy of every packet at one end, from that end's kernel and with its time (``SO_TIMESTAMPNS``).

        Raises:
            DeclarationError: If there is no such link.
        """
        return self._socket.ask_for_socket({"do": "tap", "link": link, "side": side})

    def socket(self, link: str, side: Side, *, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """
        Return a new socket that lives at one end, whoever we are; one of ``AF_NETLINK`` asks the kernel there about its sockets (sock_diag).

        Raises:
            DeclarationError: If there is no such link.
        """
        return self._socket.ask_for_socket({"do": "socket", "link": link, "side": side, "family": int(family), "kind": int(kind)})

    def close_link(self, name: str) -> None:
        """
        Take a link away, with both of its devices.

        Raises:
            DeclarationError: If there is no such link.
        """
        self._ask({"do": "close", "link": name})
