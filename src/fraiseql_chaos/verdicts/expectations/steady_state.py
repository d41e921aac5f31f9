"""
The service worked before anything was done to it.

What never worked cannot be broken: a service that answers nothing passes every test of what it does under a fault, and learns nothing from
it. So the requests that were planned and had ended before the first fault must nearly all be right answers, and there must be enough of them
to say so. Requests still open when the fault struck are in its hands; but where they are the most of all, nobody has seen health either.

A fault that was there before the first request leaves none to look at. Then the rig's word stands, which has every operation answered
rightly once before a load begins. What is missing makes the run inconclusive, never violated: the numbers are about another state of the
service than the one the fault was meant for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import FaultRecord, History
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["SteadyState", "steady_state"]

RIGHT_IN_TEN: Final = 9
"""Of ten requests that ended before the first fault, so many must be right. Far below any claim: this tells working from not working."""

ENDED_LEAST: Final = 5
"""Fewer requests than these show nothing. A quarter of a second of a load of 20/s is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyState:
    """Expect that requests were answered rightly before the first fault."""

    kind: ClassVar[str] = "steady_state"

    def __str__(self) -> str:
        return f"at least {percent(RIGHT_IN_TEN / 10)} of requests before the first fault are answered rightly"

    def judge(self, history: History) -> Finding:
        """Count right answers among the requests that were over before the first fault."""
        struck_ns = min((_struck_ns(fault) for fault in history.faults if fault.armed), default=history.end_ns)
        planned = [o for o in history.operations if o.planned_ns < struck_ns]
        ended = [o for o in planned if o.done_ns < struck_ns]
        right = sum(o.outcome == "ok" for o in ended)
        counted = f"{right} of {len(ended)} requests that ended before the first fault were answered rightly"
        doubts = [
            doubt
            for broken, doubt in (
                (
                    len(ended) < ENDED_LEAST,
                    f"only {len(ended)} requests ended before the first fault, and {ENDED_LEAST} are needed to speak of health",
                ),
                (
                    len(ended) * 2 < len(planned),
                    f"{len(planned) - len(ended)} of {len(planned)} requests were still open when the first fault struck",
                ),
                (right * 10 < RIGHT_IN_TEN * len(ended), f"only {counted}"),
            )
            if broken
        ]
        if not planned:
            doubts, counted = [], "no request was planned before the first fault; that the service worked was proven before the load"
        return Finding(
            expectation=self,
            verdict="inconclusive" if doubts else "held",
            statement="; ".join(doubts) or counted,
            numbers={"planned": len(planned), "ended": len(ended), "right": right, "right_ratio": round(right / len(ended), 6) if ended else None},
        )


def steady_state() -> SteadyState:
    """Expect that requests were answered rightly before the first fault; see ``SteadyState``."""
    return SteadyState()


def _struck_ns(fault: FaultRecord) -> int:
    """Return when a fault was due; arming comes a moment later, and a request planned into that moment was not meant to show health."""
    assert fault.armed is not None
    due_ns = fault.declared.arm_at_ns
    return fault.armed.began_ns if due_ns is None else min(due_ns, fault.armed.began_ns)
