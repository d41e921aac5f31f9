"""
What a client of the edge gets that asks a question whose answer it knows.

It asks by both ways that PostgreSQL has, a Query and an Execute, and the second time within a transaction, so that whatever message a fault is placed
on, most conversations of a service's, and this one, have it. What it asks for are rows that only their order and number make right, because what
corrupts a value or ends a result too early leaves something that still reads as an answer.
"""

from __future__ import annotations

from typing import Final

import psycopg

from fraiseql_chaos.core import Duration, ms, now_ns, seconds
from fraiseql_chaos.probes.model import Look, bounded
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME

__all__ = ["EdgeAnswer"]

_ROWS: Final = 100
_ANSWER: Final = [(n,) for n in range(1, _ROWS + 1)]


class EdgeAnswer:
    """
    Ask over one connection through the edge, which is made again whenever it broke.

    Args:
        dsn: Through the edge.
        within: How long a look may take.
    """

    name = "edge_answer"

    def __init__(self, dsn: str, *, every: Duration = ms(200), within: Duration = seconds(1)) -> None:
        self.every = every
        self._dsn = dsn
        self._within = within
        self._connection: psycopg.AsyncConnection | None = None

    async def look(self) -> Look:
        """Ask twice and compare; the measured part begins when the connection stands."""
        try:
            return await bounded(self._ask(), within=self._within, abandon=self._abandon)
        except (psycopg.Error, OSError, ValueError) as error:  # A value that was corrupted may be none of its type.
            await self.close()
            return Look(ok=False, value={}, error=str(error).strip() or type(error).__name__)

    async def close(self) -> None:
        """Drop the connection without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self) -> Look:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, application_name=APPLICATION_NAME)
        connection = self._connection
        began_ns = now_ns()
        simple = await connection.execute(f"SELECT n FROM generate_series(1, {_ROWS}) AS n", prepare=False)  # noqa: S608  a number of ours
        answers = [(await simple.fetchall(), simple.statusmessage)]
        async with connection.transaction():
            extended = await connection.execute("SELECT n FROM generate_series(1, %s) AS n", (_ROWS,), prepare=False)
            answers.append((await extended.fetchall(), extended.statusmessage))
        rows = min(len(found) for found, _ in answers)
        wrong = sum(answer != (_ANSWER, f"SELECT {_ROWS}") for answer in answers)
        return Look(ok=not wrong, value={"rows": rows, "wrong": wrong}, error=f"{wrong} of 2 answers are wrong" if wrong else "", began_ns=began_ns)

    def _abandon(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
