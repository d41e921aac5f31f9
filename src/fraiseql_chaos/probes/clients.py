"""
Which witnesses are clients of an edge, and what each has to know of it.

A client can look from wherever the edge is reached. So they are named here and not where an experiment is put together: the same table serves the
runner and the process that looks from inside another network.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from fraiseql_chaos.core import JsonObject, seconds
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.probes.answer import EdgeAnswer
from fraiseql_chaos.probes.edge import EdgeConnect, EdgeRoundTrip
from fraiseql_chaos.probes.greeting import EdgeFarewell, EdgeGreeting, EdgeIdle
from fraiseql_chaos.probes.login import EdgeLogin
from fraiseql_chaos.probes.model import Probe
from fraiseql_chaos.probes.transfer import EdgeTransfer

__all__ = ["CLIENTS", "Edge", "clients"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """
    What a client has to know.

    Attributes:
        host, port: Where the edge listens.
        user, database: As whom to log in, and to what.
        dsn: All of it, as the service was told.
        server_kernel: Asks the kernel at the server's end about its sockets; None where that is our own network. A descriptor, and no part of the JSON.
    """

    host: str
    port: int
    user: str
    database: str
    dsn: str
    server_kernel: socket.socket | None = None

    def to_json(self) -> JsonObject:
        """Return it for another process."""
        return {"host": self.host, "port": self.port, "user": self.user, "database": self.database, "dsn": self.dsn}

    @classmethod
    def from_json(cls, raw: Any, *, server_kernel: socket.socket | None) -> Self:
        """
        Read what ``to_json`` wrote.

        Raises:
            LocalProtocolError: If it is something else.
        """
        match raw:
            case {"host": str(host), "port": int(port), "user": str(user), "database": str(database), "dsn": str(dsn), **rest} if not rest:
                return cls(host=host, port=port, user=user, database=database, dsn=dsn, server_kernel=server_kernel)
            case _:
                raise LocalProtocolError(f"an edge has host, port, user, database and dsn, and not {raw!r:.200}")


LOGIN_WITHIN: Final = seconds(8)
"""How long a login may wait for its first answer: longer than a fault that makes it late would make it."""

CLIENTS: Final[Mapping[str, Callable[[Edge], Probe]]] = {
    "edge_answer": lambda edge: EdgeAnswer(edge.dsn),
    "edge_connect": lambda edge: EdgeConnect(edge.host, edge.port),
    "edge_farewell": lambda edge: EdgeFarewell(edge.host, edge.port),
    "edge_greeting": lambda edge: EdgeGreeting(edge.host, edge.port),
    "edge_idle": lambda edge: EdgeIdle(edge.host, edge.port),
    "edge_login": lambda edge: EdgeLogin(edge.host, edge.port, user=edge.user, database=edge.database, within=LOGIN_WITHIN),
    "edge_round_trip": lambda edge: EdgeRoundTrip(edge.dsn),
    "edge_transfer": lambda edge: EdgeTransfer(edge.dsn, server_kernel=edge.server_kernel),
}
"""Who plays each of them."""


def clients(names: Iterable[str], edge: Edge) -> tuple[Probe, ...]:
    """
    Return the clients of an edge that are asked for, by their witnesses' names.

    Raises:
        LocalProtocolError: If there is none of such a name.
    """
    asked = tuple(names)
    if unknown := [name for name in asked if name not in CLIENTS]:
        raise LocalProtocolError(f"no client of an edge is called {', '.join(map(repr, unknown))}")
    return tuple(CLIENTS[name](edge) for name in asked)
