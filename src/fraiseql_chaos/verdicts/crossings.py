"""
When an answer can be there that crosses a slow network several times, one time after another.

    planned --[up][down]--[up][down]-- ... --> done         so many round trips, each held by whatever latency is armed when it sets out

What the edge holds leaves after its delay, or when the fault is healed if that is sooner. So a trip that sets out at ``t`` in a window from ``a`` to ``b`` is
over at ``min(t + delay, b)``: the later it sets out, the later it is over. Therefore two walks bound
every answer: one that loses no time and meets each window as late and as briefly as it can have been armed, and one that meets it as early and as long as it can,
and loses what time it may lose where that costs most.

Only a delay without jitter and ramp tells in advance what it does; nor does one that hits a part of the connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.history import FaultRecord, History, Operation

__all__ = ["Hold", "holds_of", "last_arrival_ns", "soonest_arrival_ns", "unmixed"]

LATENCY: Final = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """
    A latency that was armed.

    Attributes:
        up: Whether it holds what goes towards the server; otherwise what comes back.
        delay_ns, jitter_ns: Its magnitudes.
        distribution: How the jitter is spread.
        begin_ns, begun_ns: When it was set out to be armed, and was.
        end_ns, ended_ns: When it was set out to be healed, and was.
    """

    up: bool
    delay_ns: int
    jitter_ns: int
    distribution: str
    begin_ns: int
    begun_ns: int
    end_ns: int
    ended_ns: int

    def released_ns(self, at_ns: int, *, soonest: bool) -> int:
        """Return when it lets go of what arrives at an instant, for the briefest window that it can have had or for the longest."""
        begin_ns, end_ns = (self.begun_ns, self.end_ns) if soonest else (self.begin_ns, self.ended_ns)
        return min(at_ns + self.delay_ns, end_ns) if begin_ns <= at_ns < end_ns else at_ns


def holds_of(history: History) -> tuple[Hold, ...]:
    """Return every latency that was armed, those towards the server first, each kind in the order that they began; another fault than a latency is left out."""
    found = [_hold(fault, history.end_ns) for fault in history.faults if fault.armed and fault.declared.kind == LATENCY]
    return tuple(sorted(found, key=lambda hold: (not hold.up, hold.begin_ns)))


def unmixed(history: History, *, steady: bool) -> bool:
    """
    Tell whether the armed faults are latencies that act on every connection, and nothing else.

    Args:
        history: What happened.
        steady: Whether they must have neither jitter nor a ramp.
    """
    armed = [fault.declared for fault in history.faults if fault.armed]
    told = [one.parameters for one in armed]
    whole = all(
        one.kind == LATENCY and not told.get("ramp_ms") and told.keys() <= {"delay_ms", "jitter_ms", "distribution", "direction", "ramp_ms"}
        for one, told in zip(armed, told, strict=True)
    )
    return bool(armed) and whole and not (steady and any(one.get("jitter_ms") for one in told))


def soonest_arrival_ns(operation: Operation, holds: tuple[Hold, ...], *, trips: int) -> int:
    """Return the earliest instant at which a request that makes so many round trips can have its answer."""
    return _walked(operation.planned_ns, holds, trips=trips)


def last_arrival_ns(operation: Operation, holds: tuple[Hold, ...], *, trips: int, overhead_ns: int) -> int:
    """Return the latest, if everything else takes ``overhead_ns`` at most, wherever between the trips it is spent."""
    ways = tuple(way for way in (tuple(h for h in holds if h.up), tuple(h for h in holds if not h.up)) if way)
    return _latest(operation.planned_ns, ways * trips, overhead_ns)


def _latest(at_ns: int, ways: tuple[tuple[Hold, ...], ...], left_ns: int) -> int:
    """
    Return the latest end of what is still to be crossed.

    Time is best lost at the very end, where no heal makes up for it, or just so much of it that a crossing meets a window that it would have missed.
    """
    if not ways:
        return at_ns + left_ns
    starts = (at_ns, *(hold.begin_ns for hold in ways[0] if at_ns < hold.begin_ns <= at_ns + left_ns))
    return max(_latest(_crossed(start, ways[0], soonest=False), ways[1:], left_ns - (start - at_ns)) for start in starts)


def _walked(at_ns: int, holds: Iterable[Hold], *, trips: int) -> int:
    for _ in range(trips):
        at_ns = _crossed(at_ns, holds, soonest=True)
    return at_ns


def _crossed(at_ns: int, holds: Iterable[Hold], *, soonest: bool) -> int:
    for hold in holds:
        at_ns = hold.released_ns(at_ns, soonest=soonest)
    return at_ns


def _hold(fault: FaultRecord, end_ns: int) -> Hold:
    assert fault.armed is not None
    told = fault.declared.parameters
    return Hold(
        up=told.get("direction") == "up",
        delay_ns=_ns(told.get("delay_ms")),
        jitter_ns=_ns(told.get("jitter_ms")),
        distribution=str(told.get("distribution", "uniform")),
        begin_ns=fault.armed.began_ns,
        begun_ns=fault.armed.at_ns,
        end_ns=fault.healed.began_ns if fault.healed else end_ns + 1,
        ended_ns=fault.healed.at_ns if fault.healed else end_ns + 1,
    )


def _ns(told: object) -> int:
    return round(told * NS_PER_MS) if isinstance(told, int | float) else 0
