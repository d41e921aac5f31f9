"""
Every request from its planned instant to its record, and the account of those under way.

    launch --- bound reached --------------------------> not_sent
       `--> in flight --- answered, refused, broken ---> its own outcome
                    `---- still open after the drain --> unfinished

Each ordinal of the plan leaves exactly one ``Operation``, whatever happens to it. Latency is not corrected afterwards for requests that
waited: each was sent on its own schedule, so the recorded end minus the planned start is already what its user waited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fraiseql_chaos.core import NS_PER_S, now_ns
from fraiseql_chaos.history import Operation
from fraiseql_chaos.workload.answers import Answer, no_answer
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.requests import Request

__all__ = ["Flights"]


@dataclass(slots=True, eq=False)
class _Flight:
    ordinal: int
    request: Request
    passage: Passage = field(default_factory=Passage)


class Flights:
    """
    The requests under way.

    Args:
        client: Sends them.
        planned_ns: When each is due, in nanoseconds since the origin.
        origin_ns: The origin on the machine's monotonic clock.
        in_flight_max: The bound on requests under way.
        record: Called with each request's record.
    """

    def __init__(
        self, client: GraphQLClient, *, planned_ns: Sequence[int], origin_ns: int, in_flight_max: int, record: Callable[[Operation], None]
    ) -> None:
        self._client = client
        self._planned_ns = planned_ns
        self._origin_ns = origin_ns
        self._in_flight_max = in_flight_max
        self._record = record
        self._open: dict[_Flight, asyncio.Task[None] | None] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def count(self) -> int:
        """How many requests are under way."""
        return len(self._open)

    def launch(self, ordinal: int, request: Request) -> None:
        """Send a request that is due, or record that the bound did not let it go. Never waits."""
        flight = _Flight(ordinal, request)
        if len(self._open) >= self._in_flight_max:
            flight.passage.done_ns = now_ns()
            detail = f"{self._in_flight_max} requests were in flight, the most that were allowed"
            self._land(flight, no_answer("not_sent", detail, kind=request.kind))
            return
        self._open[flight] = None
        # Started eagerly, a request on a kept connection is on its way before this call returns, and not a turn of the loop later.
        task = asyncio.Task(self._fly(flight), loop=self._loop, eager_start=True)
        if flight in self._open:
            self._open[flight] = task
        task.add_done_callback(_raise_what_nobody_foresaw)

    async def drained(self, until_ns: int) -> None:
        """Wait until nothing is under way, or until an instant of the monotonic clock; then record what is left as unfinished."""
        tasks = [task for task in self._open.values() if task is not None]
        if not tasks:
            return
        pending = set(tasks)
        while pending and (left_ns := until_ns - now_ns()) > 0:  # uvloop counts whole milliseconds, and may come back most of one early.
            _, pending = await asyncio.wait(pending, timeout=left_ns / NS_PER_S)
        for flight in tuple(self._open):
            self._abandon(flight)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    def _abandon(self, flight: _Flight) -> None:
        del self._open[flight]
        passage = flight.passage
        passage.done_ns = now_ns()
        detail = f"still open when the run ended, {'sent' if passage.connected else 'without a connection'}"
        self._land(flight, no_answer("unfinished", detail, kind=flight.request.kind, status=passage.status, refused=not passage.connected))

    async def _fly(self, flight: _Flight) -> None:
        answer = await self._client.ask(flight.request, flight.passage)
        # Given up after the drain: its record is written, and the answer that crossed it changes nothing.
        if flight in self._open:
            del self._open[flight]
            self._land(flight, answer)

    def _land(self, flight: _Flight, answer: Answer) -> None:
        passage = flight.passage
        self._record(
            Operation(
                ordinal=flight.ordinal,
                name=flight.request.name,
                planned_ns=self._planned_ns[flight.ordinal],
                sent_ns=None if passage.sent_ns is None else passage.sent_ns - self._origin_ns,
                done_ns=passage.done_ns - self._origin_ns,
                outcome=answer.outcome,
                cause=answer.cause,
                detail=answer.detail,
                status=answer.status,
            )
        )


def _raise_what_nobody_foresaw(task: asyncio.Task[None]) -> None:
    """Let an error of our own reach the loop's exception handler now, and not when the task is collected."""
    if not task.cancelled():
        task.result()
