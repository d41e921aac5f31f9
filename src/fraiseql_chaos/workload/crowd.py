"""
So many clients at once, each of which asks the same thing again as soon as it is answered.

    client 1   [-------ask-------][-------ask-------][---...
    client 2   [-------ask-------][-------ask-------][---...
       ...                                                    in flight: always all of them

A crowd is no measurement but a burden: it takes what the service shares out, and so makes it scarce for the load that is measured. It is closed loop on
purpose, since a crowd that waits for its answers stays as large as asked however slow these are, and never grows. What each request came to is kept.

Nothing of it outlives the process that runs it: its connections end with it, and what they asked for ends as it would have. A service that refuses at
once is not hammered: a client that was not answered rightly pauses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fraiseql_chaos.core import Duration, ms, now_ns, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.model import GraphQLOperation
from fraiseql_chaos.workload.requests import request_with
from fraiseql_chaos.workload.spec import Target

__all__ = ["Crowd"]

CLIENTS_MAX: Final = 1000
"""More clients than these would show what the machine can open, and not what a pool does."""

PAUSE: Final = ms(500)
"""As long as the slow report of the reference service takes: a crowd that is refused asks no more often than one that is answered."""

LEAVE_WITHIN: Final = seconds(5)
"""Ten times what the slow report of the reference service takes, so that a queue behind a pool can run empty."""


class Crowd:
    """
    Who may crowd a service.

    Args:
        target: Where it is.
        operations: What it can be asked.
        leave_within: How long a crowd that was called back may wait for what it has asked for, before it hangs up.
    """

    def __init__(self, target: Target, operations: Iterable[GraphQLOperation], *, leave_within: Duration = LEAVE_WITHIN) -> None:
        self._target = target
        self._operations = {operation.name: operation for operation in operations}
        self._asked: list[Sample] = []
        self._leave_within = leave_within

    def operation(self, name: str) -> GraphQLOperation:
        """
        Return an operation.

        Raises:
            DeclarationError: If there is none of that name.
        """
        if name not in self._operations:
            raise DeclarationError(f"the workload has no operation {name!r}; it has {', '.join(sorted(self._operations))}; nothing was armed")
        return self._operations[name]

    def crowded(self, operation: str, in_flight: int) -> AbstractAsyncContextManager[None]:
        """
        Return a guard: entering sends so many clients, leaving calls them back and waits until they are answered, for a bounded time.

        Args:
            operation: What they ask, by name; a query.
            in_flight: How many there are.

        Raises:
            DeclarationError: If there is no such operation, or it writes, or there are none of them or too many.
        """
        asked = self.operation(operation)
        if asked.kind != "query":
            raise DeclarationError(f"{operation} writes, and nobody would account for what a crowd writes; name a query; nothing was armed")
        if not 1 <= in_flight <= CLIENTS_MAX:
            raise DeclarationError(f"a crowd of {in_flight} is not possible; it has 1 to {CLIENTS_MAX} clients; nothing was armed")
        return self._crowded(asked, in_flight)

    def asked(self, *, since_ns: int) -> Iterator[Sample]:
        """Yield each request that a crowd has made, by when it was sent and when its answer was complete, on the machine's clock."""
        return (sample for sample in self._asked if sample.at_ns >= since_ns)

    @asynccontextmanager
    async def _crowded(self, operation: GraphQLOperation, in_flight: int) -> AsyncIterator[None]:
        home = asyncio.Event()
        async with GraphQLClient(self._target, connections_max=in_flight, timeout=seconds(60)) as client:
            tasks = [asyncio.create_task(self._ask(client, operation, n, home), name=f"crowd {n}") for n in range(in_flight)]
            try:
                yield
            finally:
                home.set()
                await _ended(tasks, within=self._leave_within)

    async def _ask(self, client: GraphQLClient, operation: GraphQLOperation, ordinal: int, home: asyncio.Event) -> None:
        request = request_with(operation, operation.cases[ordinal % len(operation.cases)].filled(f"crowd-{ordinal}"))
        while not home.is_set():
            began_ns, passage, error = now_ns(), Passage(), "hung up before there was an answer"
            try:
                answer = await client.ask(request, passage)
                error = "" if answer.outcome == "ok" else f"{answer.cause}: {answer.detail}"
            finally:
                self._asked.append(
                    Sample(probe="crowd", began_ns=passage.sent_ns or began_ns, at_ns=passage.done_ns or now_ns(), ok=not error, error=error)
                )
            if error:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(home.wait(), PAUSE.s)


async def _ended(tasks: list[asyncio.Task[None]], *, within: Duration) -> None:
    """Wait for tasks, end those that take longer, and raise what went wrong in any."""
    _, late = await asyncio.wait(tasks, timeout=within.s)
    for task in late:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [result for result in results if isinstance(result, Exception)]
    if failures:
        raise ExceptionGroup("errors of a crowd", failures)
