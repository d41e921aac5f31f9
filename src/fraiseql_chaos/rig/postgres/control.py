"""
Talk to the server out of band: over its Unix socket, as its superuser, past every edge.

Each conversation is a session of its own, bounded in time, and carries an application name by which we leave ourselves out when sessions
are ended. A kept session would be a casualty of our own faults, and a new one costs a few milliseconds. For the same reason our sessions
are immune to the timeouts that a fault may set for the whole server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql

from fraiseql_chaos.core import Duration, seconds
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.postgres.dsn import Target, parse_dsn

__all__ = ["APPLICATION_NAME", "CONTROL_DEADLINE", "IMMUNE", "Connection", "fetch", "run", "session"]

APPLICATION_NAME: Final = "fraiseql-chaos"
"""Sessions of this name are ours: they observe and heal, and no verb ends them."""

CONTROL_DEADLINE: Final = seconds(10)
"""A healthy server answers in milliseconds; the rest is for one that recovers, or for a busy machine."""

IMMUNE: Final = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "default_transaction_read_only")
"""Settings that a fault may change for everybody, and that we switch off for ourselves. They all read ``off`` or 0 as "no limit"."""

_IMMUNITY: Final = " ".join(f"-c {name}=0" for name in IMMUNE)

type Connection = AsyncConnection[tuple[Any, ...]]
type Statement = str | sql.SQL | sql.Composed


@asynccontextmanager
async def session(dsn: str, *, within: Duration = CONTROL_DEADLINE) -> AsyncIterator[Connection]:
    """
    Open a session, each statement its own transaction.

    Args:
        dsn: Where; our application name and immunity are added.
        within: The deadline for connecting and for all that is done in the session.

    Raises:
        RigError: If the server refuses, fails a statement, or does not answer in time; with its own words, and without any password.
    """
    parameters = parse_dsn(dsn)
    target = Target.of(parameters)
    options = f"{parameters.get('options', '')} {_IMMUNITY}".strip()
    try:
        async with (
            asyncio.timeout(within.s),
            await AsyncConnection.connect(dsn, autocommit=True, application_name=APPLICATION_NAME, options=options) as connection,
        ):
            yield connection
    except TimeoutError as error:
        raise RigError(f"{target}: no answer within {within}") from error
    except psycopg.Error as error:
        raise RigError(f"{target}: {str(error).strip()}") from error


async def run(dsn: str, *statements: Statement, within: Duration = CONTROL_DEADLINE) -> None:
    """Run statements in one session, each in its own transaction; see ``session`` for what it raises."""
    async with session(dsn, within=within) as connection:
        for statement in statements:
            await connection.execute(_query(statement))


async def fetch(
    dsn: str, statement: Statement, parameters: Sequence[object] | None = None, *, within: Duration = CONTROL_DEADLINE
) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows; see ``session`` for what it raises."""
    async with session(dsn, within=within) as connection:
        cursor = await connection.execute(_query(statement), parameters)
        return await cursor.fetchall()


def _query(statement: Statement) -> sql.SQL | sql.Composed | bytes:
    """Psycopg asks for literal strings, to keep data out of them; ours are literals and compositions, or the user's own scripts."""
    return statement.encode() if isinstance(statement, str) else statement
