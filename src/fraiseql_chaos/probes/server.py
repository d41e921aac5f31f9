"""What the server says of itself, over its control socket, which no fault of an edge can touch."""

from __future__ import annotations

from psycopg.rows import dict_row

from fraiseql_chaos.core import Duration, Json, ms, seconds
from fraiseql_chaos.probes.client import Connection, KeptClient
from fraiseql_chaos.probes.model import Look
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME

__all__ = ["ServerSessions"]

_SESSIONS = """
    SELECT pid, state, wait_event_type, wait_event, round(extract(epoch FROM clock_timestamp() - state_change) * 1000)::int AS state_age_ms
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
        self._database = database
        self._client = KeptClient(dsn, within=within)

    async def look(self) -> Look:
        """Ask for the list; a server that is not there is an observation."""
        return await self._client.look(self._ask)

    async def close(self) -> None:
        """Drop the connection."""
        await self._client.close()

    async def _ask(self, connection: Connection) -> Look:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_SESSIONS, (self._database, APPLICATION_NAME))
            backends: list[Json] = [*await cursor.fetchall()]
        return Look(ok=True, value={"sessions": len(backends), "backends": backends})
