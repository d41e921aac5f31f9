"""
What the database holds of what a load has written: asked over the control socket, past every edge, when every fault is healed.

Only the database knows what became of a request whose answer was lost. So each operation that says how its requests are found (``found_by``) is asked
for twice: once before anything is armed, so that a query with a typo is an error of the declaration and not a run without an answer; and once after
the last fault is healed and the load has drained. A session of the service that is at work then may still commit, so we wait for them to come to
rest, for a bounded time, and write down how many had not.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from fraiseql_chaos.core import NS_PER_S, Json, ms, now_ns, seconds
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import Inventory
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME, fetch, session
from fraiseql_chaos.workload import GraphQLOperation
from fraiseql_chaos.workload.model import MARK

__all__ = ["check_found_by", "ordinals_in", "take_inventory"]

REST_WITHIN: Final = seconds(2)
"""How long the service's sessions may take to come to rest: a transaction of an abandoned request ends with its connection, in milliseconds."""

LOOK_EVERY: Final = ms(20)

_AT_WORK: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> %s AND state NOT IN ('idle', 'disabled')
"""


async def check_found_by(operations: Iterable[GraphQLOperation], deployment: Deployment, *, mark: str) -> None:
    """
    Ask each question once, while nothing is wrong and nothing was written.

    Raises:
        DeclarationError: If the database refuses one, or what it finds is no text; the message carries the server's own words. Nothing was armed.
    """
    for operation, query in _questions(operations, mark):
        try:
            await _found(deployment, query, mark)
        except RigError as error:
            raise DeclarationError(f"operation {operation.name}: found_by: {error}; nothing was armed") from error


async def take_inventory(operations: Iterable[GraphQLOperation], deployment: Deployment, recorder: Recorder, *, mark: str) -> None:
    """Write down how often each request of each operation is found; that it could not be asked is written down too."""
    questions = tuple(_questions(operations, mark))
    if not questions:
        return
    try:
        under_way = await _at_rest(deployment)
    except RigError:  # The questions fail for the same reason, and their record says so.
        under_way = 0
    for operation, query in questions:
        found, error = {}, ""
        try:
            found = await _found(deployment, query, mark)
        except RigError as failure:
            error = str(failure)
        recorder.append(Inventory(at_ns=recorder.now_ns(), operation=operation.name, query=query, found=found, under_way=under_way, error=error))


def ordinals_in(rows: Iterable[tuple[Any, ...]], mark: str) -> dict[int, int]:
    """
    Count the requests that rows name.

    Args:
        rows: Their first column is a text with ``<mark>-<ordinal>`` somewhere in it; rows of other marks are no requests of this load.
        mark: The load's.

    Returns:
        How often each ordinal was named.

    Raises:
        RigError: If a first column is no text.
    """
    named = re.compile(rf"(?<![0-9A-Za-z]){re.escape(mark)}-(?P<ordinal>[0-9]+)")
    counts: Counter[int] = Counter()
    for row in rows:
        if not row or not isinstance(row[0], str):
            raise RigError(f"the first column must be a text that holds the request's {{unique}}, and one is {row[0] if row else 'missing'!r}")
        if match := named.search(row[0]):
            counts[int(match["ordinal"])] += 1
    return dict(sorted(counts.items()))


def _questions(operations: Iterable[GraphQLOperation], mark: str) -> Iterator[tuple[GraphQLOperation, str]]:
    return ((operation, operation.found_by.replace(MARK, mark)) for operation in operations if operation.found_by is not None)


async def _found(deployment: Deployment, query: str, mark: str) -> dict[str, Json]:
    async with session(deployment.server.control_dsn(deployment.database)) as connection:
        # A question that writes would itself be found, or worse.
        await connection.execute("SET default_transaction_read_only = on")
        rows = await (await connection.execute(query.encode())).fetchall()
    return {str(ordinal): times for ordinal, times in ordinals_in(rows, mark).items()}


async def _at_rest(deployment: Deployment) -> int:
    """Wait until no session of the service is at work; return how many still were when the wait was over."""
    deadline_ns = now_ns() + REST_WITHIN.ns
    while True:
        ((at_work,),) = await fetch(deployment.server.control_dsn(deployment.database), _AT_WORK, (APPLICATION_NAME,))
        if not at_work or now_ns() >= deadline_ns:
            return int(at_work)
        await asyncio.sleep(LOOK_EVERY.ns / NS_PER_S)
