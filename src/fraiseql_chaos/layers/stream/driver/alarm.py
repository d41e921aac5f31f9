"""
One timer for everything that waits.

The loop's own ``call_later`` counts whole milliseconds and may fire most of one early. A timerfd is woken by the kernel's
high-resolution timers: never early, but late. So it is set to ring a *lead* before the instant (``core.lead``), and what is left is watched
from turn to turn of the loop, which goes on serving its sockets meanwhile. One descriptor serves a heap of any length, because only the earliest instant needs
to be known to the kernel (timerfd_create(2)).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.core.lead import Lead

__all__ = ["Alarm"]

_UNSET: Final = 2**63

_LAST_NS: Final = 2**62
"""146 years after boot: what lies beyond does not fit the kernel's ``timespec`` arithmetic, and may as well come then."""


class Alarm:
    """Calls back at instants of the machine's monotonic clock, never before them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = count()  # Breaks ties, so that callbacks are never compared.
        self._set_for_ns = _UNSET
        self._is_watching = False
        self._lead = Lead()
        self._fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        loop.add_reader(self._fd, self._ring)

    def call_at(self, due_ns: int, wake: Callable[[int], None]) -> None:
        """Call ``wake`` with the time at or after ``due_ns``; it cannot be taken back, so let ``wake`` bear being called in vain."""
        heappush(self._heap, (due_ns, next(self._order), wake))
        if not self._is_watching:
            self._set()

    def close(self) -> None:
        """Call nobody any more."""
        self._heap.clear()
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _ring(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # It was set anew between the kernel's report and this read.
        self._lead.learn(now_ns() - self._set_for_ns)
        self._set_for_ns = _UNSET
        if not self._is_watching:
            self._watch()

    def _watch(self) -> None:
        """Call what is due, and come back at the loop's next turn while the next instant is near."""
        self._is_watching = True
        heap, time_ns = self._heap, now_ns()
        while heap and heap[0][0] <= time_ns:
            heappop(heap)[2](time_ns)
        self._is_watching = bool(heap) and heap[0][0] - time_ns <= self._lead.ns
        if self._is_watching:
            self._loop.call_soon(self._watch)
        elif heap:
            self._set()

    def _set(self) -> None:
        ring_ns = self._heap[0][0] - self._lead.ns
        if ring_ns < self._set_for_ns:
            self._set_for_ns = ring_ns
            os.timerfd_settime_ns(self._fd, flags=os.TFD_TIMER_ABSTIME, initial=min(ring_ns, _LAST_NS))
