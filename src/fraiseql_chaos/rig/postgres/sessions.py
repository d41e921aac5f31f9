"""
End sessions, or what they are doing, by the server's own functions.

``pg_terminate_backend`` is what an administrator, a failover or an idle-session reaper does: the client gets 57P01, if it listens.
``pg_cancel_backend`` ends the statement with 57014 and leaves the session. Our own sessions are never among them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, LiteralString

from psycopg import sql

from fraiseql_chaos.core import Duration, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME, Connection, session

__all__ = ["cancel_backends", "terminate_backends"]

TERMINATION_DEADLINE: Final = seconds(5)
"""A backend ends at its next look at its interrupts, usually at once; a stopped one never does."""

_SIGNAL: Final[LiteralString] = """
SELECT pid, {function}(pid) FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND application_name <> %(ours)s
  AND (%(pids)s::int[] IS NULL OR pid = ANY (%(pids)s::int[])) AND (%(database)s::text IS NULL OR datname = %(database)s::text)
"""


async def terminate_backends(
    dsn: str, *, pids: Collection[int] | None, database: str | None, within: Duration = TERMINATION_DEADLINE
) -> tuple[int, ...]:
    """
    End client sessions and wait until they are gone.

    Args:
        dsn: The control connection.
        pids: Which backends; None for all of the database.
        database: Which database's; None for any.
        within: How long they may take.

    Returns:
        The backends that were ended.

    Raises:
        DeclarationError: If neither ``pids`` nor ``database`` is given.
        RigError: If one does not go in time.
    """
    async with session(dsn) as connection:
        ended = await _signal(connection, "pg_terminate_backend", pids, database)

        async def gone() -> bool:
            cursor = await connection.execute("SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pid = ANY (%s)", [list(ended)])
            return await cursor.fetchone() == (0,)

        _: bool = await wait_until(gone, within=within, what=f"the end of the terminated sessions {list(ended)}")
    return ended


async def cancel_backends(dsn: str, *, pids: Collection[int] | None, database: str | None) -> tuple[int, ...]:
    """
    Cancel what client sessions are doing now; an idle one is not disturbed.

    Returns:
        The backends that were told to. Whether one had anything to cancel is seen in the server's log (57014).

    Raises:
        DeclarationError: If neither ``pids`` nor ``database`` is given.
    """
    async with session(dsn) as connection:
        return await _signal(connection, "pg_cancel_backend", pids, database)


async def _signal(connection: Connection, function: str, pids: Collection[int] | None, database: str | None) -> tuple[int, ...]:
    if pids is None and database is None:
        raise DeclarationError(f"{function}: name the backends, or the database whose sessions are meant; no session was touched")
    query = sql.SQL(_SIGNAL).format(function=sql.Identifier("pg_catalog", function))
    parameters = {"ours": APPLICATION_NAME, "pids": None if pids is None else list(pids), "database": database}
    cursor = await connection.execute(query, parameters)
    return tuple(pid for pid, signalled in await cursor.fetchall() if signalled)
