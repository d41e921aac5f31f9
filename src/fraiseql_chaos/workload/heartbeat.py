"""
The generator's watch over itself.

A heartbeat is due every 10 ms. If it comes more than 50 ms late, the process was stopped, starved of CPU, or blocked by its own work,
and whatever was measured meanwhile is not the service's doing: that goes into the history as ``GeneratorStalled``. The same beat hands
events on and collects garbage, so that neither happens between a planned instant and its send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S, now_ns

__all__ = ["STALL_NS", "Heartbeat"]

STALL_NS: Final = 50 * NS_PER_MS
"""A beat this late is reported: far above what a shared machine's scheduler does, far below what a latency verdict turns on."""

_PERIOD_NS: Final = 10 * NS_PER_MS


class Heartbeat:
    """
    A heartbeat on the running loop.

    Args:
        stalled: Called with the instant of a late beat and how late it was, both in nanoseconds.
        beaten: Called at each beat.
    """

    def __init__(self, *, stalled: Callable[[int, int], None], beaten: Callable[[], None]) -> None:
        self._stalled = stalled
        self._beaten = beaten
        self._loop = asyncio.get_running_loop()
        self._due_ns = now_ns()
        self._wait()

    def close(self) -> None:
        """Stop beating."""
        self._handle.cancel()

    def _wait(self) -> None:
        self._due_ns = now_ns() + _PERIOD_NS
        self._handle = self._loop.call_later(_PERIOD_NS / NS_PER_S, self._beat)

    def _beat(self) -> None:
        at_ns = now_ns()
        late_ns = at_ns - self._due_ns
        self._wait()
        if late_ns > STALL_NS:
            self._stalled(at_ns, late_ns)
        self._beaten()
