"""
One timer for everything that waits.

The loop's own ``call_later`` counts whole milliseconds and may fire most of one early. A timerfd is woken by the kernel's
high-resolution timers: never early, but 10 us late on a busy machine and 200 us on one that has slept for 20 ms, because its processor must
wake. So it is set to ring a *lead* before the instant, as long as rings were late lately, and what is left is watched from turn to turn of
the loop, which goes on serving its sockets meanwhile. One descriptor serves a heap of any length, because only the earliest instant needs
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
from fraiseql_chaos.core.units import NS_PER_US

__all__ = ["Alarm"]

LEAD_LEAST_NS: Final = 50 * NS_PER_US
LEAD_MOST_NS: Final = 400 * NS_PER_US
"""
Between what bounds the lead follows the lateness of the rings. Its price is what it exceeds the lateness by, in processor time, for each
instant and only while something is held back; the upper bound keeps a stall of the host from costing more than that.
"""

LEAD_MARGIN: Final = 1.25
LEAD_DECAY: Final = 0.97
"""The lead is a quarter more than the latest ring was late, or what it was before less 3 %, whichever is more: half of it is gone after 23 rings."""

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
        self._lead_ns = LEAD_LEAST_NS
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
        self._learn(now_ns() - self._set_for_ns)
        self._set_for_ns = _UNSET
        if not self._is_watching:
            self._watch()

    def _learn(self, late_ns: int) -> None:
        """Let the lead follow how late the timer rang."""
        wanted_ns = max(LEAD_MARGIN * late_ns, LEAD_DECAY * self._lead_ns)
        self._lead_ns = round(min(max(wanted_ns, LEAD_LEAST_NS), LEAD_MOST_NS))

    def _watch(self) -> None:
        """Call what is due, and come back at the loop's next turn while the next instant is near."""
        self._is_watching = True
        heap, time_ns = self._heap, now_ns()
        while heap and heap[0][0] <= time_ns:
            heappop(heap)[2](time_ns)
        self._is_watching = bool(heap) and heap[0][0] - time_ns <= self._lead_ns
        if self._is_watching:
            self._loop.call_soon(self._watch)
        elif heap:
            self._set()

    def _set(self) -> None:
        ring_ns = self._heap[0][0] - self._lead_ns
        if ring_ns < self._set_for_ns:
            self._set_for_ns = ring_ns
            os.timerfd_settime_ns(self._fd, flags=os.TFD_TIMER_ABSTIME, initial=min(ring_ns, _LAST_NS))
