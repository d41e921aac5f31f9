"""
What the looks at the service's connection pool say, read by several judges and measures.

Two accounts of one queue are kept apart. *Reported* is what the pool says in its own statistics. *Seen* is who stood in it, by the numbers that the
observer gave to those who waited, in the order of the queue. And what nobody saw shows in the pool's count of all who ever queued:

    look k      7 8 9                queued 10 in all
    look k+1      8 9 10             queued 14 in all, numbered 11: three came and went between the two looks
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.verdicts.requests import Window, fault_windows

__all__ = ["CROWD_PROBE", "POOL_PROBE", "PoolLook", "in_flight", "looks_during_fault", "pool_looks", "why_no_looks"]

POOL_PROBE: Final = "service_pool"
CROWD_PROBE: Final = "crowd"
"""What the requests of a fault's own clients are recorded as."""

READY_PROBE: Final = "service_ready"
"""Whoever asks whether the service is ready makes it take a connection, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLook:
    """
    One look.

    Attributes:
        began_ns, at_ns: When it began and ended.
        most: How many connections the pool may have.
        size: How many it has, or is about to have.
        available: How many of these are free.
        waiting: How many clients wait, as reported.
        queued, errors, wait_ms: Of all clients so far: how many had to wait, how many got no connection, how long they waited in all.
        numbered: How many clients the observer has seen waiting so far; None if the pool shows no queue.
        queue: The numbers of those who wait, in the queue's order.
    """

    began_ns: int
    at_ns: int
    most: int
    size: int
    available: int
    waiting: int
    queued: int
    errors: int
    wait_ms: int
    numbered: int | None
    queue: tuple[int, ...]

    @property
    def held(self) -> int:
        """How many connections are handed out, or not there yet."""
        return self.size - self.available

    @property
    def is_exhausted(self) -> bool:
        """Whether no connection is left and none can be added."""
        return self.available == 0 and self.size >= self.most


def pool_looks(history: History) -> tuple[PoolLook, ...]:
    """Return every look that was answered, in time order."""
    return tuple(_read(sample) for sample in history.samples(POOL_PROBE) if sample.ok)


def looks_during_fault(history: History) -> tuple[PoolLook, ...]:
    """Return those of them that began and ended while a fault was at work."""
    windows = fault_windows(history)
    return tuple(look for look in pool_looks(history) if any(_inside(look, window) for window in windows))


def why_no_looks(history: History) -> str:
    """Return why a history has no look at the pool, or none during its faults, for people."""
    samples = history.samples(POOL_PROBE)
    unanswered = next((sample.error for sample in samples if not sample.ok), "")
    if not samples:
        return "nobody looked at the service's pool"
    return f"the service's pool could not be looked at: {unanswered}" if unanswered else "nobody looked at the service's pool during a fault"


def in_flight(history: History) -> Callable[[int], int]:
    """
    Return what tells how many requests that need a connection were sent and not answered at an instant: of the load, of a fault's own clients, and ``/ready``.

    A request that was given up has left nobody who waits, though the service may still be at it; from then on it is not counted.
    """
    spans = [(o.sent_ns, o.done_ns) for o in history.operations if o.sent_ns is not None]
    spans += [(sample.began_ns, sample.at_ns) for probe in (CROWD_PROBE, READY_PROBE) for sample in history.samples(probe)]
    sent, done = sorted(began_ns for began_ns, _ in spans), sorted(done_ns for _, done_ns in spans)
    return lambda at_ns: bisect_right(sent, at_ns) - bisect_right(done, at_ns)


def _inside(look: PoolLook, window: Window) -> bool:
    return window.begin_ns <= look.began_ns and look.at_ns < window.end_ns


def _read(sample: Sample) -> PoolLook:
    def number(name: str) -> int:
        value = sample.value.get(name)
        return value if isinstance(value, int) else 0

    return PoolLook(
        began_ns=sample.began_ns,
        at_ns=sample.at_ns,
        most=number("max"),
        size=number("size"),
        available=number("available"),
        waiting=number("waiting"),
        queued=number("queued"),
        errors=number("errors"),
        wait_ms=number("wait_ms"),
        numbered=number("numbered") if "numbered" in sample.value else None,
        queue=tuple(_numbers(sample.value.get("queue"))),
    )


def _numbers(runs: object) -> Sequence[int]:
    if not isinstance(runs, list):
        return ()
    return [n for run in runs if isinstance(run, list) and len(run) == 2 for n in range(run[0], run[1] + 1)]
