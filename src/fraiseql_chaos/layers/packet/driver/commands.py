"""
What the forwarder does when it is told to: one JSON object a line in, one out, and a socket with it where one was asked for.

    {"do": "open", "link": "database", "seed": 7, "mtu": 1500, "mechanism": "tun"}
    {"ok": {"near": {"ipv4": "198.18.0.1", ...}, "far": {...}}}
    {"do": "arm", "link": "database", "fault": {"kind": "loss", "parameters": {...}}, "fault_id": "0", "dice": "loss"}

No command waits for anything but, where the kernel shall carry the packets, for the kernel to join two devices; and nothing that a client can say ends the
process.
"""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.control import answer_line
from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.packet.codec import fault_from_json
from fraiseql_chaos.layers.packet.driver.link import Link
from fraiseql_chaos.layers.packet.driver.mechanism import AnyLink
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.netem_link import NetemLink
from fraiseql_chaos.layers.packet.ends import LINKS_MAX, MTU_MIN, Mechanism, check_mtu

__all__ = ["Commands"]

HITS_AT_ONCE: Final = 1_000
"""How many hits are answered at a time, so that no answer holds the loop for more than a few milliseconds."""

_KINDS: Final = frozenset({socket.SOCK_STREAM, socket.SOCK_DGRAM})
_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK})


class Commands:
    """
    The links of the process, by name.

    Args:
        far: The network in which this process lives.
        user: Names the user namespace that owns it; None if that is everybody's.
    """

    def __init__(self, far: Network, user: Path | None) -> None:
        self.links: dict[str, AnyLink] = {}
        self._far = far
        self._user = user
        self._ordinals = itertools.count()
        self._handed: list[socket.socket] = []

    def answer(self, line: bytes) -> tuple[bytes, list[socket.socket]]:
        """Do what a line says; return the answer's line, and the sockets that go with it, which are then the caller's to close."""
        answer = answer_line(line, self._execute)
        handed, self._handed = self._handed, []
        return answer, handed

    def _execute(self, request: Any) -> Json:  # noqa: C901  one case for each command
        match request:
            case {"do": "ping", **rest} if not rest:
                return None
            case {"do": "namespaces", **rest} if not rest:
                return {"far": str(self._far.path), "user": None if self._user is None else str(self._user)}
            case {"do": "check", "mechanism": "tun" | "netem" as mechanism, **rest} if not rest:
                self._check(mechanism)
            case {"do": "open", "link": str(name), "seed": int(seed), "mtu": mtu, "mechanism": "tun" | "netem" as mechanism, **rest} if not rest:
                return self._open(name, seed, check_mtu(mtu), mechanism)
            case {"do": "arm", "link": str(name), "fault_id": str(fault_id), "fault": fault, "dice": str(dice), **rest} if not rest:
                self._link(name).arm(fault_id, fault_from_json(fault), dice)
            case {"do": "heal", "link": str(name), "fault_id": str(fault_id), **rest} if not rest:
                self._link(name).heal(fault_id)
            case {"do": "ledger", "link": str(name), **rest} if not rest:
                return self._link(name).ledger()
            case {"do": "hits", "link": str(name), "since": int(since), **rest} if not rest and since >= 0:
                return self._link(name).hits(since, HITS_AT_ONCE)
            case {"do": "tap", "link": str(name), "side": "near" | "far" as side, **rest} if not rest:
                self._handed.append(self._link(name).tap(side))
            case {"do": "socket", "link": str(name), "side": "near" | "far" as side, "family": family, "kind": kind, **rest} if (
                not rest and family in _FAMILIES and kind in _KINDS
            ):
                self._handed.append(self._link(name).socket(side, family, kind))
            case {"do": "close", "link": str(name), **rest} if not rest:
                self._link(name).close()
                del self.links[name]
            case _:
                raise LocalProtocolError(
                    "a command is an object with one of these sets of keys: do=ping; do=namespaces; do=check, mechanism (tun, netem); "
                    "do=open, link, seed, mtu, mechanism; "
                    "do=arm, link, fault_id, fault, dice; do=heal, link, fault_id; do=ledger, link; do=hits, link, since (from 0); "
                    "do=tap, link, side (near, far); do=socket, link, side, family (2, 10, 16), kind (1, 2); do=close, link; "
                    f"not {request!r:.200}; nothing was done"
                )
        return None

    def _open(self, name: str, seed: int, mtu: int, mechanism: Mechanism) -> Json:
        if name in self.links:
            raise DeclarationError(f"a link called {name!r} is open already; close it first, or choose another name; nothing was opened")
        self.links[name] = opened = self._made(mechanism, seed=seed, mtu=mtu)
        return opened.ends

    def _check(self, mechanism: Mechanism) -> None:
        """Try a mechanism, to the point where a fault could be armed."""
        tried = self._made(mechanism, seed=0, mtu=MTU_MIN)
        try:
            if isinstance(tried, NetemLink):
                tried.check()
        finally:
            tried.close()

    def _made(self, mechanism: Mechanism, *, seed: int, mtu: int) -> Link | NetemLink:
        ordinal = next(self._ordinals)
        if ordinal >= LINKS_MAX:
            raise DeclarationError(f"this forwarder has opened {LINKS_MAX} links, and its addresses are used up; start another; nothing was opened")
        kind = Link if mechanism == "tun" else NetemLink
        return kind(ordinal, self._far, seed=seed, mtu=mtu)

    def _link(self, name: str) -> AnyLink:
        if name not in self.links:
            raise DeclarationError(f"no link is called {name!r} (open: {', '.join(self.links) or 'none'}); nothing was done")
        return self.links[name]
