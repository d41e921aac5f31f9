"""
How many right answers a second came back, before the faults and during them.

Counted by the instant an answer was complete, because throughput is what comes out and not what is put in: a request that is sent during a fault
and answered an hour later adds nothing to it. Several faults make one time of faults, and what lies behind the end of the load is left out, since
nobody asked then.

    origin        fault            heal      last request
      |--before-----|------during----|           |
                         |---another-|---------------|
                    |-----------during-----------|     what is behind the last request does not count
"""

from __future__ import annotations

from dataclasses import dataclass

from fraiseql_chaos.core import NS_PER_S
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.requests import fault_windows

__all__ = ["Flow", "Throughput", "throughput"]

type Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Over some time: how many requests were planned, how many right answers came, and how long it was, in nanoseconds."""

    planned: int
    answers: int
    length_ns: int

    @property
    def per_s(self) -> float:
        """Right answers a second; 0 of no time."""
        return self.answers * NS_PER_S / self.length_ns if self.length_ns else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What came out before the first fault and while any was armed."""

    before: Flow
    during: Flow

    @property
    def ratio(self) -> float | None:
        """During over before; None if nothing came before."""
        return self.during.per_s / self.before.per_s if self.before.answers and self.during.length_ns else None


def throughput(history: History) -> Throughput | None:
    """Measure; None if no fault was armed while requests were sent."""
    windows = fault_windows(history)
    last_ns = max((o.planned_ns for o in history.operations), default=0)
    spans = _joined([(max(0, w.begin_ns), min(w.end_ns, last_ns)) for w in windows])
    if not spans:
        return None
    first_ns = max(0, min(w.begin_ns for w in windows))
    return Throughput(before=_flow(history, [(0, first_ns)]), during=_flow(history, spans))


def _flow(history: History, spans: list[Span]) -> Flow:
    def inside(at_ns: int) -> bool:
        return any(begin <= at_ns < end for begin, end in spans)

    return Flow(
        planned=sum(inside(o.planned_ns) for o in history.operations),
        answers=sum(o.outcome == "ok" and inside(o.done_ns) for o in history.operations),
        length_ns=sum(end - begin for begin, end in spans),
    )


def _joined(spans: list[Span]) -> list[Span]:
    """Return spans without overlap that cover the same time; empty ones are left out."""
    joined: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined
