"""
A PostgreSQL client of our own that stays connected from look to look, and is made again whenever its connection broke.

Each look is bounded, and what takes too long is let go of at once: a polite goodbye, or a cancel, could wait for an answer that never comes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from fraiseql_chaos.core import Duration
from fraiseql_chaos.probes.model import Look, bounded
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME

__all__ = ["Connection", "KeptClient"]

type Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class KeptClient:
    """
    Asks over one connection.

    Args:
        dsn: Where to.
        within: How long a look may take, a connect that it needs included.
    """

    def __init__(self, dsn: str, *, within: Duration) -> None:
        self._dsn = dsn
        self._within = within
        self._connection: Connection | None = None

    async def look(self, ask: Callable[[Connection], Awaitable[Look]]) -> Look:
        """Ask, and return what was found; an error, an answer that is none, and none in time are observations, after which the client connects anew."""
        try:
            return await bounded(self._ask(ask), within=self._within, abandon=self._abandon)
        except (psycopg.Error, OSError, ValueError) as error:  # A value that was corrupted may be none of its type.
            await self.close()
            return Look(ok=False, value={}, error=str(error).strip() or type(error).__name__)

    async def close(self) -> None:
        """Drop the connection without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self, ask: Callable[[Connection], Awaitable[Look]]) -> Look:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, application_name=APPLICATION_NAME)
        return await ask(self._connection)

    def _abandon(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
