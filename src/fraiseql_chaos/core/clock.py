"""
One clock for every process of a run.

``CLOCK_MONOTONIC`` is the same in all processes of one machine, so the runner, the load generator, the proxy and the keeper write
comparable times without exchanging any. Wall-clock time appears once, in the header of a history, for people.

Nothing below the drivers reads a clock: engines take ``now_ns`` as an argument, and tests hand them a number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, overload

from fraiseql_chaos.core.units import NS_PER_S, Duration
from fraiseql_chaos.errors import RigError

__all__ = ["now_ns", "wait_until"]

POLL_S: Final = 0.005
"""How often a condition without an event to wait on is looked at: short against every deadline we set, 0.1 % of one core."""


def now_ns() -> int:
    """Return the machine's monotonic clock in nanoseconds."""
    return time.monotonic_ns()


@overload
async def wait_until[T](condition: Callable[[], Awaitable[T | None]], *, within: Duration, what: str) -> T: ...
@overload
async def wait_until[T](condition: Callable[[], T | None], *, within: Duration, what: str) -> T: ...
async def wait_until(condition: Callable[[], Any], *, within: Duration, what: str) -> Any:
    """
    Wait for a condition, never for a time.

    Args:
        condition: Called until it returns something true; may be a coroutine function.
        within: The deadline.
        what: Completes the sentence "... did not happen within 5 s", for the error.

    Returns:
        What the condition returned.

    Raises:
        RigError: If the deadline passed first.
    """
    deadline_ns = now_ns() + within.ns
    while True:
        outcome = condition()
        value = await outcome if isinstance(outcome, Awaitable) else outcome
        if value:
            return value
        left_ns = deadline_ns - now_ns()
        if left_ns <= 0:
            raise RigError(f"{what} did not happen within {within}")
        await asyncio.sleep(min(POLL_S, left_ns / NS_PER_S))
