"""
What the proxy does when it is told to: one JSON object a line in, one out.

    {"do": "open", "edge": "database", "upstream": {"host": "127.0.0.1", "port": 5432}, "seed": 7, "protocol": "bytes"}
    {"ok": {"host": "127.0.0.1", "port": 40123}}
    {"do": "arm", "edge": "database", "fault": {"kind": "storm", "parameters": {}}, "fault_id": "0", "dice": "storm"}
    {"error": {"whose": "declaration", "message": "no fault of an edge is called 'storm'; ..."}}

No command waits for anything, so an answer never depends on how data flows; and nothing a client can say ends the process.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from fraiseql_chaos.control.answering import LINE_BYTES_MAX, answer_line, refusal
from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.stream.codec import STREAM_KINDS, address_from_json, address_to_json, fault_from_json
from fraiseql_chaos.layers.stream.driver.edge import Edge
from fraiseql_chaos.layers.stream.ledger import hits_to_json, ledger_to_json
from fraiseql_chaos.layers.stream.model import Address, StreamFault

__all__ = ["Commands", "Session"]

HITS_AT_ONCE: Final = 1_000
"""How many hits are answered at a time, so that no answer holds the loop for more than a few milliseconds."""


class Commands:
    """
    The edges of the process, by name.

    Args:
        make_edge: Opens an edge towards a server, with a seed, that reads a protocol.
        kinds: The faults that can be armed, by wire name.
    """

    def __init__(self, make_edge: Callable[[Address, int, str], Edge], *, kinds: Mapping[str, type[StreamFault]] = STREAM_KINDS) -> None:
        self._make_edge = make_edge
        self._kinds = kinds
        self._edges: dict[str, Edge] = {}

    def answer(self, line: bytes) -> bytes:
        """Do what a line says, and return the answer's line."""
        return answer_line(line, self._execute)

    def _execute(self, request: Any) -> Json:
        match request:
            case {"do": "ping", **rest} if not rest:
                return {"pid": os.getpid()}
            case {"do": "open", "edge": str(name), "upstream": upstream, "seed": int(seed), "protocol": str(protocol), **rest} if not rest:
                return self._open(name, address_from_json(upstream), seed, protocol)
            case {"do": "arm", "edge": str(name), "fault_id": str(fault_id), "fault": fault, "dice": str(dice), **rest} if not rest:
                self._edge(name).arm(fault_id, fault_from_json(fault, self._kinds), name=dice)
            case {"do": "heal", "edge": str(name), "fault_id": str(fault_id), **rest} if not rest:
                self._edge(name).heal(fault_id)
            case {"do": "ledger" | "record" | "certificate" as what, "edge": str(name), **rest} if not rest:
                return _told(self._edge(name), what)
            case {"do": "hits", "edge": str(name), "since": int(since), **rest} if not rest and since >= 0:
                return hits_to_json(self._edge(name).hits(since)[:HITS_AT_ONCE])
            case {"do": "close", "edge": str(name), **rest} if not rest:
                self._edge(name).close()
                del self._edges[name]
            case _:
                raise LocalProtocolError(
                    "a command is an object with one of these sets of keys: do=ping; do=open, edge, upstream, seed, protocol; "
                    "do=arm, edge, fault_id, fault, dice; do=heal, edge, fault_id; do=ledger, edge; do=hits, edge, since (from 0); do=record, edge; do=certificate, edge; do=close, edge; "
                    f"not {request!r:.200}; nothing was done"
                )
        return None

    def _open(self, name: str, upstream: Address, seed: int, protocol: str) -> Json:
        if name in self._edges:
            raise DeclarationError(f"an edge called {name!r} is open already; close it first, or choose another name; nothing was opened")
        edge = self._make_edge(upstream, seed, protocol)
        self._edges[name] = edge
        return address_to_json(edge.address)

    def _edge(self, name: str) -> Edge:
        if name not in self._edges:
            raise DeclarationError(f"no edge is called {name!r} (open: {', '.join(self._edges) or 'none'}); nothing was done")
        return self._edges[name]


class Session(asyncio.Protocol):
    """One client of the control socket."""

    def __init__(self, commands: Commands, loop: asyncio.AbstractEventLoop) -> None:
        self._commands = commands
        self._loop = loop
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every line that is complete."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._reply(self._commands.answer(line))
        if len(self._unread) > LINE_BYTES_MAX:
            self._unread = b""
            self._reply(json.dumps(refusal(LocalProtocolError(f"a command is at most {LINE_BYTES_MAX} bytes long"))).encode() + b"\n")
            self._loop.call_soon(self._transport.close)

    def _reply(self, line: bytes) -> None:
        # Sockets that a command closes are closed by the loop's next turn, and the answer says that it is done: so it goes after them.
        self._loop.call_soon(self._write, line)

    def _write(self, line: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(line)


def _told(edge: Edge, what: str) -> Json:
    match what:
        case "ledger":
            return ledger_to_json(edge.ledger())
        case "record":
            return edge.record()
        case _:
            return edge.certificate()
