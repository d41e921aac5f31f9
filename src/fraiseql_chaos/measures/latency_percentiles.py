"""How long right answers took, as a distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import Json
from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import percentile
from fraiseql_chaos.verdicts.requests import During, in_ms, requests_during, require_during, was_given_up
from fraiseql_chaos.verdicts.wording import period, span

__all__ = ["LatencyPercentiles"]

_ASKED: Final = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPercentiles:
    """
    Measure the latency of right answers, from the planned instant.

    Args:
        during: Which requests: ``fault``, ``outside`` or ``all``.

    Raises:
        DeclarationError: If there is no such period.
    """

    kind: ClassVar[str] = "latency_percentiles"

    during: During = "fault"

    def __post_init__(self) -> None:
        require_during(self.kind, self.during)

    def __str__(self) -> str:
        return f"latency of right answers {period(self.during)}"

    def take(self, history: History) -> Measurement:
        """Take 50th, 90th, 95th and 99th percentile, each with its 95 % interval, least and greatest; given-up requests are counted beside them."""
        asked = requests_during(history, self.during)
        took_ns = [o.latency_ns for o in asked if o.outcome == "ok"]
        if not took_ns:
            return Measurement(measure=self, numbers={}, statement=f"there was no right answer {period(self.during)}")
        found = [percentile(took_ns, p) for p in _ASKED]
        numbers: dict[str, Json] = {"answers": len(took_ns), "given_up": sum(was_given_up(o) for o in asked), "min_ms": in_ms(min(took_ns))}
        for one in found:
            low, high = (None if end is None else in_ms(end) for end in (one.low, one.high))
            numbers |= {f"p{one.p:g}_ms": in_ms(one.value), f"p{one.p:g}_low_ms": low, f"p{one.p:g}_high_ms": high}
        numbers["max_ms"] = in_ms(max(took_ns))
        told = ", ".join(f"p{one.p:g} {span(one.value)}" for one in found)
        return Measurement(
            measure=self, numbers=numbers, statement=f"{len(took_ns)} right answers {period(self.during)}: {told}, max {span(max(took_ns))}"
        )
