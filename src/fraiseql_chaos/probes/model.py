"""
A probe looks at one thing, again and again, and writes down what it saw. It never acts and never judges.

Each look is bounded: what does not answer in time is itself an observation. Looks of one probe do not overlap, so that a stuck thing is
not asked more and more often.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from fraiseql_chaos.core import Duration, JsonObject, now_ns
from fraiseql_chaos.history import Sample

__all__ = ["Look", "Probe", "bounded", "sampling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """
    What one look found.

    Attributes:
        ok: Whether the thing answered as it does in health.
        value: What was measured, units in the keys.
        error: What it said when it did not answer.
        began_ns: When the measured part began, on the machine's clock, if that is later than the look itself.
    """

    ok: bool
    value: JsonObject
    error: str = ""
    began_ns: int | None = None


class Probe(Protocol):
    """Something that can be looked at."""

    name: str
    every: Duration

    async def look(self) -> Look:
        """Look once; never raise for what the world does, and never take longer than a bound of its own."""
        ...

    async def close(self) -> None:
        """Let go of whatever the looks hold open."""
        ...


async def bounded[T](asking: Coroutine[Any, Any, T], *, within: Duration, abandon: Callable[[], None]) -> T:
    """
    Await an answer for a bounded time, and let go at once when the time is up or nobody waits for it any more.

    Cancelling is not enough: psycopg meets it by asking the server to cancel the query, and waits 5 s twice, or for ever, if the wire is stuck.

    Args:
        asking: Waits for the answer.
        within: For how long.
        abandon: Takes away what it waits on, before it is cancelled.

    Raises:
        TimeoutError: If the time was up first.
    """
    task = asyncio.ensure_future(asking)
    try:
        await asyncio.wait((task,), timeout=within.s)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            abandon()
            task.add_done_callback(_hear_out)
            task.cancel()
        # Who was cancelled may find in the same moment what he had waited for, too.
        elif not task.cancelled():
            task.exception()


def _hear_out(task: asyncio.Future[Any]) -> None:
    """Take what an abandoned question still raises, or asyncio would report it as an error that nobody took."""
    if not task.cancelled():
        task.exception()


@contextlib.asynccontextmanager
async def sampling(probes: tuple[Probe, ...], sink: Callable[[Sample], None]) -> AsyncIterator[None]:
    """
    Look at everything until the block ends.

    Args:
        probes: What to look at, each at its own pace.
        sink: Receives every sample; times are on the machine's monotonic clock, and the sink moves them to its own origin.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_sample(probe, sink), name=f"probe {probe.name}") for probe in probes]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _sample(probe: Probe, sink: Callable[[Sample], None]) -> None:
    try:
        due_ns = now_ns()
        while True:
            began_ns = now_ns()
            look = await probe.look()
            sink(Sample(probe=probe.name, began_ns=look.began_ns or began_ns, at_ns=now_ns(), ok=look.ok, value=look.value, error=look.error))
            due_ns = max(due_ns + probe.every.ns, now_ns())
            await asyncio.sleep((due_ns - now_ns()) / 1e9)
    finally:
        await probe.close()
