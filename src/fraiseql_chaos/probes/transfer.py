"""
What a client of the edge sees that sends a known amount of bytes to the server and back.

The bytes are the same each time and incompressible, so whatever comes back can be compared; the kernel says in how many segments they came,
at both ends of the connection where the kernel at the other one can be asked: it is in this network, or somebody has given us a socket of that one.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.core import Duration, dice, ms, now_ns, seconds
from fraiseql_chaos.probes.client import Connection, KeptClient
from fraiseql_chaos.probes.model import Look
from fraiseql_chaos.probes.segments import segments_received, segments_received_at

__all__ = ["EdgeTransfer"]

PAYLOAD: Final = dice(0, "what a transfer carries").randbytes(16 * 2**10)
"""
Enough for a rate, a rate of errors or a number of segments to show, and little beside what a service reads: at two looks a second some 80 KiB/s in all.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """
    The two ends of the connection that segments arrive at.

    Attributes:
        own: Our socket.
        server: The addresses of the server's, its own first; None if they are no addresses, as behind a Unix socket.
        kernel: Asks the kernel at the server's end, where that is in another network.
    """

    own: socket.socket
    server: tuple[tuple[str, int], tuple[str, int]] | None
    kernel: socket.socket | None

    def segments(self) -> tuple[int | None, int | None]:
        """Return how many have arrived at the server and at us."""
        return None if self.server is None else segments_received_at(*self.server, kernel=self.kernel), segments_received(self.own)


class EdgeTransfer:
    """
    Let the server send back what it is sent, over one connection through the edge, which is made again whenever it broke.

    Args:
        dsn: Through the edge.
        within: How long a look may take.
        server_kernel: Asks the kernel at the server's end about its sockets, where that is in another network than ours.
    """

    name = "edge_transfer"

    def __init__(self, dsn: str, *, every: Duration = ms(400), within: Duration = seconds(2), server_kernel: socket.socket | None = None) -> None:
        self.every = every
        self._client = KeptClient(dsn, within=within)
        self._server_kernel = server_kernel
        self._ends: tuple[Connection, Ends] | None = None

    async def look(self) -> Look:
        """Send and compare; the measured part begins when the connection stands."""
        return await self._client.look(self._transfer)

    async def close(self) -> None:
        """Drop the connection without a word."""
        self._drop_ends()
        await self._client.close()

    async def _transfer(self, connection: Connection) -> Look:
        ends = await self._ends_of(connection)
        up, down = ends.segments()
        began_ns = now_ns()
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute("SELECT %b::bytea", (PAYLOAD,), prepare=False)
            row = await cursor.fetchone()
        took_until_up, took_until_down = ends.segments()
        got = bytes(row[0]) if row else b""
        return Look(
            ok=True,
            value={
                "bytes": len(PAYLOAD),
                "wrong_bytes": sum(a != b for a, b in zip(got, PAYLOAD, strict=False)) + abs(len(got) - len(PAYLOAD)),
                "segments_up": _difference(up, took_until_up),
                "segments_down": _difference(down, took_until_down),
            },
            began_ns=began_ns,
        )

    async def _ends_of(self, connection: Connection) -> Ends:
        """Return the two ends of a connection, which are found once."""
        if self._ends is None or self._ends[0] is not connection:
            self._drop_ends()
            own = socket.socket(fileno=os.dup(connection.pgconn.socket))
            self._ends = connection, Ends(own=own, server=await _server_addresses(connection), kernel=self._server_kernel)
        return self._ends[1]

    def _drop_ends(self) -> None:
        ends, self._ends = self._ends, None
        if ends is not None:
            ends[1].own.close()


async def _server_addresses(connection: Connection) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """Ask the server between which addresses its end of the connection stands."""
    addresses = "SELECT host(inet_server_addr()), inet_server_port(), host(inet_client_addr()), inet_client_port()"
    row = await (await connection.execute(addresses, prepare=False)).fetchone()
    with contextlib.suppress(TypeError):
        own, own_port, peer, peer_port = row or ()
        return (str(own), int(own_port)), (str(peer), int(peer_port))
    return None


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
