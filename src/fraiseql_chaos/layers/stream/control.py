"""
The runner's end of the control socket.

Every call is a connection of its own: connect, one line out, one line back, within one deadline. So there is no state to lose, calls
may come from any thread or event loop, and a proxy that died is told apart from one that is slow. On an idle machine a call takes
about 0.2 ms; it blocks, and is meant to.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Final, Literal

from fraiseql_chaos.core import NS_PER_S, Duration, Json, JsonObject, now_ns, seconds
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError, PeerProtocolError, RigError
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

DEADLINE: Final = seconds(5)
"""How long a call may take; the proxy answers in microseconds, so only a stopped or starved process needs longer."""

POLL_S: Final = 0.005
"""How often a proxy that is starting is looked for."""

SOCKET_PATH_BYTES_MAX: Final = 107
"""``sun_path`` less its final zero (unix(7))."""


class EdgeControl:
    """
    Commands an edge proxy.

    Args:
        path: The Unix socket it was started with.
        deadline: How long each call may take.

    Raises:
        DeclarationError: If the path is too long for a Unix socket.
    """

    def __init__(self, path: Path, *, deadline: Duration = DEADLINE) -> None:
        if len(str(path).encode()) > SOCKET_PATH_BYTES_MAX:
            raise DeclarationError(f"a Unix socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes, and {path} is longer; nothing was started")
        self._path = path
        self._deadline = deadline

    def wait_ready(self, within: Duration = DEADLINE) -> None:
        """
        Wait until the proxy answers.

        Raises:
            RigError: If it does not in time.
        """
        deadline_ns = now_ns() + within.ns
        while True:
            try:
                self._call({"do": "ping"}, deadline_ns)
            except RigError as error:
                if now_ns() + POLL_S * NS_PER_S >= deadline_ns:
                    raise RigError(f"the edge proxy was not ready within {within}: {error}") from None
                time.sleep(POLL_S)
            else:
                return

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

    def _ask(self, request: JsonObject) -> Json:
        return self._call(request, now_ns() + self._deadline.ns)

    def _call(self, request: JsonObject, deadline_ns: int) -> Json:
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        try:
            answer = self._exchange(line, deadline_ns)
        except TimeoutError:
            raise RigError(f"the edge proxy at {self._path} did not answer {request['do']!r} in time; it is stopped or starved") from None
        except OSError as error:
            raise RigError(f"the edge proxy at {self._path} is gone, or was never started ({error.strerror or error})") from None
        return _outcome(answer)

    def _exchange(self, line: bytes, deadline_ns: int) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_left_s(deadline_ns))
            sock.connect(str(self._path))
            sock.sendall(line)
            answer = b""
            while not answer.endswith(b"\n"):
                sock.settimeout(_left_s(deadline_ns))
                part = sock.recv(2**16)
                if not part:
                    raise ConnectionResetError("it ended before it had answered")
                answer += part
            return answer


def _left_s(deadline_ns: int) -> float:
    left_ns = deadline_ns - now_ns()
    if left_ns <= 0:
        raise TimeoutError
    return left_ns / NS_PER_S


def _outcome(answer: bytes) -> Json:
    try:
        decoded: Json = json.loads(answer)
    except ValueError:
        decoded = None
    match decoded:
        case {"ok": value}:
            return value
        case {"error": {"whose": "declaration", "message": str(message)}}:
            raise DeclarationError(message)
        case {"error": {"whose": "protocol", "message": str(message)}}:
            raise LocalProtocolError(message)
        case {"error": {"whose": "rig", "message": str(message)}}:
            raise RigError(f"the edge proxy could not: {message}")
        case _:
            raise PeerProtocolError(f"the edge proxy answered with something that is no answer: {answer[:200]!r}")
