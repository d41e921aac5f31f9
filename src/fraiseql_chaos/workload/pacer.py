"""
Calls something at absolute times, whatever became of the calls before.

A timer of the kernel (timerfd, absolute, on the monotonic clock) wakes the loop; no sleep is ever computed from "now", so nothing that
makes one call late makes the next one late. uvloop's own timers round to whole milliseconds and may be early; timerfd is 10 to 120 us
late and never early.

Calls that are overdue, because the process was not running, are still made, each with the time it was planned for, a few a turn of the
loop: between them answers are read, so that a generator that catches up does not make the service look slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from fraiseql_chaos.core import now_ns

__all__ = ["Pacer"]

_BURST_MAX: Final = 8
"""Overdue calls a turn of the loop: about 2 ms of sending."""


class Pacer:
    """
    A plan being carried out on the running loop.

    Args:
        due_ns: When each call is due, ascending, on the machine's monotonic clock.
        call: Called with the ordinal; must not block.

    Attributes:
        finished: Done when the last call was made.
    """

    def __init__(self, due_ns: Sequence[int], call: Callable[[int], None]) -> None:
        self._due_ns = due_ns
        self._call = call
        self._next = 0
        self._loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self._timer = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        self._loop.add_reader(self._timer, self._ring)
        self._arm()

    def close(self) -> None:
        """Stop calling."""
        self._loop.remove_reader(self._timer)
        os.close(self._timer)

    def _arm(self) -> None:
        if self._next == len(self._due_ns):
            self.finished.set_result(None)
            return
        # A time that has passed rings at once, on the next turn of the loop. Zero would disarm, and is long past on any machine.
        os.timerfd_settime_ns(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=max(1, self._due_ns[self._next]))

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._timer, 8)
        last = min(self._next + _BURST_MAX, len(self._due_ns))
        while self._next < last and self._due_ns[self._next] <= now_ns():
            ordinal = self._next
            self._next += 1
            self._call(ordinal)
        self._arm()
