"""
The load generator did what it was told, when it was told.

A generator that was itself held up measures the machine it runs on. So before anything is said about the service, the instrument
answers for itself: every planned request was sent, on time, and its own heartbeat never stood still for long. If not, the run is
inconclusive. It is never violated, because none of this is the service's doing.

The bounds are far above what a healthy generator shows (about 1 ms) and far below what a service under a fault shows (seconds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, ms
from fraiseql_chaos.history import GeneratorStalled, History
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import in_ms
from fraiseql_chaos.verdicts.wording import require_duration, span

__all__ = ["Instrument", "instrument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """
    Expect the load to have been sent as planned.

    Args:
        lag_p99_at_most: How late all but 1 % of the requests may have been sent.
        lag_at_most: How late any request may have been sent, and how long the generator may have stood still.

    Raises:
        DeclarationError: If a bound has no unit or is 0.
    """

    kind: ClassVar[str] = "instrument"

    lag_p99_at_most: Duration = ms(25)
    lag_at_most: Duration = ms(250)

    def __post_init__(self) -> None:
        require_duration(self.kind, "lag_p99_at_most", self.lag_p99_at_most)
        require_duration(self.kind, "lag_at_most", self.lag_at_most)

    def __str__(self) -> str:
        return f"every request was sent within {self.lag_at_most} of its plan, 99 % within {self.lag_p99_at_most}"

    def judge(self, history: History) -> Finding:
        """Compare what was sent with what was planned."""
        lags_ns = [o.sent_ns - o.planned_ns for o in history.operations if o.sent_ns is not None]
        planned = max(len(history.operations), history.load.requests if history.load else 0)
        lag_p99_ns = value_at(lags_ns, 99) if lags_ns else 0
        lag_max_ns = max(lags_ns, default=0)
        stall_max_ns = max((s.stall_ns for s in history.of(GeneratorStalled)), default=0)
        doubts = [
            doubt
            for broken, doubt in (
                (not lags_ns, "no request was sent"),
                (len(lags_ns) < planned, f"{planned - len(lags_ns)} of {planned} planned requests were never sent"),
                (lag_p99_ns > self.lag_p99_at_most.ns, f"1 % of the requests were sent {span(lag_p99_ns)} late or later"),
                (lag_max_ns > self.lag_at_most.ns, f"a request was sent {span(lag_max_ns)} late"),
                (stall_max_ns > self.lag_at_most.ns, f"the load generator stood still for {span(stall_max_ns)}"),
            )
            if broken
        ]
        return Finding(
            expectation=self,
            verdict="inconclusive" if doubts else "held",
            statement="; ".join(doubts) or f"all {planned} planned requests were sent, the latest {span(lag_max_ns)} after its time",
            numbers={
                "planned": planned,
                "sent": len(lags_ns),
                "lag_p99_ms": in_ms(lag_p99_ns) if lags_ns else None,
                "lag_max_ms": in_ms(lag_max_ns) if lags_ns else None,
                "stall_max_ms": in_ms(stall_max_ns),
            },
        )


def instrument(*, lag_p99_at_most: Duration = ms(25), lag_at_most: Duration = ms(250)) -> Instrument:
    """Expect the load to have been sent as planned; see ``Instrument``."""
    return Instrument(lag_p99_at_most=lag_p99_at_most, lag_at_most=lag_at_most)
