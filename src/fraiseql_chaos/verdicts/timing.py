"""
When a fault was noticed, when the service was back, and when it was as quick as before: each read off the record once.

*Noticed* is what the service shows to the outside: a request that ends in an error, or ``/ready`` that says no. A request, or a look at
``/ready``, that was given up was noticed by whoever gave up, not by the service. A source that showed errors before the fault cannot tell the fault
from what was there already, so it does not count. Nor does a sign that came after the heal: nobody is helped by learning of what is over.

*Back* counts requests in the order they were planned, because recovery is a promise to those who arrive from now on: the first of the
requests that all succeed up to the end of the load. Recovered is the instant of the first answer among them, and not before the heal.

*Settled* is where a moving median of ten answers has come down, for good, to twice the 95th percentile from before the fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import first_of_final_run, settled_from, value_at
from fraiseql_chaos.verdicts.requests import fault_windows, phase_of, was_given_up
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS

__all__ = ["READY_PROBE", "SETTLING_FACTOR", "SETTLING_WINDOW", "Detection", "Recovery", "detection", "recovery"]

READY_PROBE: Final = "service_ready"
SETTLING_WINDOW: Final = 10
SETTLING_FACTOR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """
    When the earliest fault was noticed.

    Attributes:
        bite_ns: When its driver set out to arm it.
        by_requests_ns, by_readiness_ns: When each source first showed it, up to its heal; None if it never did, or cannot tell.
        confounded: The sources that showed errors before the fault already.
        asked: How many requests were touched by it.
        looks: How often ``/ready`` was asked while it was armed.
    """

    bite_ns: int
    by_requests_ns: int | None
    by_readiness_ns: int | None
    confounded: tuple[str, ...]
    asked: int
    looks: int

    @property
    def at_ns(self) -> int | None:
        """When it was first noticed by any source."""
        return min((at for at in (self.by_requests_ns, self.by_readiness_ns) if at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """
    What happened after the last fault had healed.

    Attributes:
        heal_ns: When the last fault was healed.
        load_end_ns: When the last request was planned.
        last_bad_ns: When the last request that did not succeed was planned; None if none was.
        at_ns: The instant of the first answer of the final unbroken run of successes; None if the load did not end in one.
        answers: The requests of that run that were planned after the heal, in the order planned.
        settled_ns: When latency was back for good; None if it was not, or if too little was asked before or after to tell.
        settled_bound_ns: What it had to come down to; None if too little was asked before the fault.
    """

    heal_ns: int
    load_end_ns: int
    last_bad_ns: int | None
    at_ns: int | None
    answers: tuple[Operation, ...]
    settled_ns: int | None
    settled_bound_ns: float | None

    @property
    def following(self) -> int:
        """How many requests of that run were planned after the heal."""
        return len(self.answers)

    @property
    def following_ns(self) -> int:
        """How long they went on being planned."""
        return self.answers[-1].planned_ns - self.answers[0].planned_ns if self.answers else 0


def detection(history: History) -> Detection | None:
    """Return when the earliest fault was noticed; None if no fault was ever armed."""
    windows = fault_windows(history)
    if not windows:
        return None
    earliest = min(windows, key=lambda window: window.begin_ns)
    bite_ns, healed_ns = earliest.begin_ns, earliest.end_ns
    errors_ns = [o.done_ns for o in history.operations if o.outcome != "ok" and not was_given_up(o)]
    unready_ns = [s.at_ns for s in history.samples(READY_PROBE) if not s.ok and not s.value.get("given_up")]
    confounded = tuple(name for name, at in (("requests", errors_ns), ("readiness", unready_ns)) if any(t < bite_ns for t in at))
    return Detection(
        bite_ns=bite_ns,
        by_requests_ns=None if "requests" in confounded else min((at for at in errors_ns if at <= healed_ns), default=None),
        by_readiness_ns=None if "readiness" in confounded else min((at for at in unready_ns if at <= healed_ns), default=None),
        confounded=confounded,
        asked=sum(earliest.touches(o) for o in history.operations),
        looks=sum(bite_ns <= s.at_ns <= healed_ns for s in history.samples(READY_PROBE)),
    )


def recovery(history: History) -> Recovery | None:
    """Return what happened after the last heal; None if a fault was armed and not healed, or none was armed."""
    armed = [f for f in history.faults if f.armed]
    heals_ns = [f.healed.at_ns for f in armed if f.healed]
    if not armed or len(heals_ns) < len(armed) or not history.operations:
        return None
    heal_ns = max(heals_ns)
    arrivals = sorted(history.operations, key=lambda o: (o.planned_ns, o.ordinal))
    first = first_of_final_run([o.outcome == "ok" for o in arrivals])
    run = arrivals[first:]
    settled_ns, bound_ns = _settled(history, heal_ns)
    return Recovery(
        heal_ns=heal_ns,
        load_end_ns=arrivals[-1].planned_ns,
        last_bad_ns=arrivals[first - 1].planned_ns if first else None,
        at_ns=min((o.done_ns for o in run if o.done_ns >= heal_ns), default=None),
        answers=tuple(o for o in run if o.planned_ns >= heal_ns),
        settled_ns=settled_ns,
        settled_bound_ns=bound_ns,
    )


def _settled(history: History, heal_ns: int) -> tuple[int | None, float | None]:
    windows = fault_windows(history)
    healthy = [o.latency_ns for o in history.operations if o.outcome == "ok" and phase_of(o, windows) == "before"]
    if len(healthy) < LEAST_REQUESTS:
        return None, None
    bound_ns = SETTLING_FACTOR * value_at(healthy, 95)
    answered: list[Operation] = sorted((o for o in history.operations if o.outcome == "ok" and o.planned_ns >= heal_ns), key=lambda o: o.planned_ns)
    index = settled_from([o.latency_ns for o in answered], at_most=bound_ns, window=SETTLING_WINDOW)
    return (None if index is None else answered[index].planned_ns), bound_ns
