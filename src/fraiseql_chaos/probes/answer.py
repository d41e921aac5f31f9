"""
What a client of the edge gets that asks a question whose answer it knows.

It asks by both ways that PostgreSQL has, a Query and an Execute, and the second time within a transaction, so that whatever message a fault is placed
on, most conversations of a service's, and this one, have it. What it asks for are rows that only their order and number make right, because what
corrupts a value or ends a result too early leaves something that still reads as an answer.
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.core import Duration, ms, now_ns, seconds
from fraiseql_chaos.probes.client import Connection, KeptClient
from fraiseql_chaos.probes.model import Look

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
        self._client = KeptClient(dsn, within=within)

    async def look(self) -> Look:
        """Ask twice and compare; the measured part begins when the connection stands."""
        return await self._client.look(_ask_twice)

    async def close(self) -> None:
        """Drop the connection without a word."""
        await self._client.close()


async def _ask_twice(connection: Connection) -> Look:
    began_ns = now_ns()
    simple = await connection.execute(f"SELECT n FROM generate_series(1, {_ROWS}) AS n", prepare=False)  # noqa: S608  a number of ours
    answers = [(await simple.fetchall(), simple.statusmessage)]
    async with connection.transaction():
        extended = await connection.execute("SELECT n FROM generate_series(1, %s) AS n", (_ROWS,), prepare=False)
        answers.append((await extended.fetchall(), extended.statusmessage))
    rows = min(len(found) for found, _ in answers)
    wrong = sum(answer != (_ANSWER, f"SELECT {_ROWS}") for answer in answers)
    return Look(ok=not wrong, value={"rows": rows, "wrong": wrong}, error=f"{wrong} of 2 answers are wrong" if wrong else "", began_ns=began_ns)
