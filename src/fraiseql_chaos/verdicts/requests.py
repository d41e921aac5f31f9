"""
Which requests a question is about, and what may be known of each.

A request belongs *to the fault* when any instant of its life, from its plan to its end, lies in the window of a fault: who was waiting
when it struck was struck too. All others are *outside*. A window opens when the driver set out to arm and closes when it was done
healing; one that never healed stays open to the end of the record.

            began                 healed
    --[req]---|---------------------|---[req]--      outside
           [--|--]    [----]     [--|---]            to the fault

A request that was *given up* got no answer while anybody waited: its latency is known from below only (it is censored), so it can
prove that a bound was broken, never that one was kept. A request that ended in an error is another thing: it took as long as it took,
but it is not an answer, so its time is no latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation

__all__ = [
    "DURINGS",
    "PHASES",
    "During",
    "Phase",
    "Window",
    "fault_windows",
    "in_ms",
    "phase_of",
    "requests_during",
    "require_during",
    "was_given_up",
]

type During = Literal["all", "fault", "outside"]
type Phase = Literal["before", "during", "after"]

DURINGS: Final[tuple[During, ...]] = ("all", "fault", "outside")
PHASES: Final[tuple[Phase, ...]] = ("before", "during", "after")

GIVEN_UP: Final = frozenset({"not_sent", "timeout", "unfinished"})
"""The causes that say how the load generator, and not the service, ended a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When one fault was at work, in nanoseconds since the origin."""

    begin_ns: int
    end_ns: int

    def touches(self, operation: Operation) -> bool:
        """Tell whether any instant of the request's life lies in the window."""
        return operation.planned_ns < self.end_ns and operation.done_ns >= self.begin_ns


def require_during(kind: str, during: str) -> None:
    """
    Refuse a period that is none.

    Raises:
        DeclarationError: If ``during`` is not one of ``DURINGS``.
    """
    if during not in DURINGS:
        raise DeclarationError(f"{kind}: during={during!r} is not one of {', '.join(map(repr, DURINGS))}; nothing was judged")


def fault_windows(history: History) -> tuple[Window, ...]:
    """Return when each armed fault was at work, in the order declared."""
    return tuple(
        Window(begin_ns=fault.armed.began_ns, end_ns=fault.healed.at_ns if fault.healed else max(history.end_ns, fault.armed.at_ns) + 1)
        for fault in history.faults
        if fault.armed
    )


def requests_during(history: History, during: During) -> tuple[Operation, ...]:
    """Return the requests that a question about this period is about, in the order planned."""
    if during == "all":
        return history.operations
    windows = fault_windows(history)
    return tuple(o for o in history.operations if any(w.touches(o) for w in windows) == (during == "fault"))


def phase_of(operation: Operation, windows: tuple[Window, ...]) -> Phase:
    """Place a request against the faults: ``before`` the first, ``during`` any of them, or ``after`` one; without faults, ``before``."""
    if any(window.touches(operation) for window in windows):
        return "during"
    return "after" if any(operation.planned_ns >= window.end_ns for window in windows) else "before"


def was_given_up(operation: Operation) -> bool:
    """Tell whether nobody knows how long an answer would have taken, because nobody waited for it any more."""
    return operation.sent_ns is None or (operation.outcome != "ok" and operation.cause in GIVEN_UP)


def in_ms(span_ns: float) -> float:
    """Return nanoseconds as milliseconds, to the microsecond, for findings and reports."""
    return round(span_ns / NS_PER_MS, 3)
