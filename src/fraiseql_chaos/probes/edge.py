"""
What a client of the edge sees, told by clients of our own.

They share nothing with the proxy but the wire, so what they see is not the injector's word.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import closing

from fraiseql_chaos.core import NS_PER_MS, Duration, ms, now_ns, seconds
from fraiseql_chaos.probes.client import Connection, KeptClient
from fraiseql_chaos.probes.model import Look

__all__ = ["EdgeConnect", "EdgeRoundTrip"]


class EdgeRoundTrip:
    """
    Time one question over one connection through the edge, which is made again whenever it broke.

    What is asked is the server's clock, so each look has its two parts: ``up_ms`` until the server was at work on it, and ``down_ms`` until its answer was here. If
    the server's clock is another machine's, both are off by as much as the two differ, one up and the other down; what changes between looks is not.

    Args:
        dsn: Through the edge.
        within: How long a look may take.
    """

    name = "edge_round_trip"

    def __init__(self, dsn: str, *, every: Duration = ms(50), within: Duration = seconds(15)) -> None:
        self.every = every
        self._client = KeptClient(dsn, within=within)

    async def look(self) -> Look:
        """Ask the server what time it is; the measured part begins when the connection stands."""
        return await self._client.look(_ask_the_time)

    async def close(self) -> None:
        """Drop the connection without a word."""
        await self._client.close()


class EdgeConnect:
    """
    Ask the kernel for a connection to the edge, and close it at once.

    Args:
        host, port: Where the edge listens.
        within: How long a connect may take.
    """

    name = "edge_connect"

    def __init__(self, host: str, port: int, *, every: Duration = ms(100), within: Duration = seconds(1)) -> None:
        self.every = every
        self._address = (host, port)
        self._within = within

    async def look(self) -> Look:
        """Connect; on refusal the error is the kernel's word for it, such as ``ECONNREFUSED``."""
        with closing(socket.socket()) as attempt:
            attempt.settimeout(0)
            try:
                async with asyncio.timeout(self._within.s):
                    await asyncio.get_running_loop().sock_connect(attempt, self._address)
            except TimeoutError:
                return Look(ok=False, value={}, error="ETIMEDOUT")
            except OSError as error:
                return Look(ok=False, value={}, error=errno.errorcode.get(error.errno or 0, str(error)))
        return Look(ok=True, value={})

    async def close(self) -> None:
        """Nothing is held open between looks."""


_THE_TIME = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000"


async def _ask_the_time(connection: Connection) -> Look:
    began_ns, began_wall_ns = now_ns(), time.time_ns()
    cursor = await connection.execute(_THE_TIME, prepare=False)
    took_ns, row = now_ns() - began_ns, await cursor.fetchone()
    there_ns = int(row[0]) - began_wall_ns if row else 0
    return Look(
        ok=True,
        value={"up_ms": round(there_ns / NS_PER_MS, 3), "down_ms": round((took_ns - there_ns) / NS_PER_MS, 3)},
        began_ns=began_ns,
    )
