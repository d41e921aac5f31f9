"""What the server says of itself, over its control socket, which no fault of an edge can touch."""

from __future__ import annotations

import psycopg
from psycopg.rows import DictRow, dict_row

from fraiseql_chaos.core import Duration, Json, ms, seconds
from fraiseql_chaos.probes.model import Look, bounded
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME

__all__ = ["ServerSessions"]

_SESSIONS = """
    SELECT pid, state, wait_event, round(extract(epoch FROM clock_timestamp() - state_change) * 1000)::int AS state_age_ms
    FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND application_name <> %s
    ORDER BY pid
"""


class ServerSessions:
    """
    List the sessions of the service: how many there are, and for each its process, its state, what it waits for and since when.

    Args:
        dsn: Over the control socket.
        database: Whose sessions are counted; those of our own probes are not.
        within: How long a look may take.
    """

    name = "server_sessions"

    def __init__(self, dsn: str, database: str, *, every: Duration = ms(100), within: Duration = seconds(2)) -> None:
        self.every = every
        self._dsn = dsn
        self._database = database
        self._within = within
        self._connection: psycopg.AsyncConnection[DictRow] | None = None

    async def look(self) -> Look:
        """Ask for the list; a server that is not there is an observation."""
        try:
            return await bounded(self._ask(), within=self._within, abandon=self._abandon)
        except (psycopg.Error, OSError) as error:
            await self.close()
            return Look(ok=False, value={}, error=str(error).strip() or type(error).__name__)

    async def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self) -> Look:
        cursor = await (self._connection or await self._connect()).execute(_SESSIONS, (self._database, APPLICATION_NAME))
        backends: list[Json] = [*await cursor.fetchall()]
        return Look(ok=True, value={"sessions": len(backends), "backends": backends})

    def _abandon(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()

    async def _connect(self) -> psycopg.AsyncConnection[DictRow]:
        self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, application_name=APPLICATION_NAME, row_factory=dict_row)
        return self._connection
