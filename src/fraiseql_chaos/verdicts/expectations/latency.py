"""
Nearly all answers come in time.

"The 95th percentile is at most 300 ms" and "at least 95 % of answers took at most 300 ms" are the same claim under the nearest-rank
rule, and the second form says what to do with requests that were given up: one that was given up after more than the limit is a bad
one, one that was given up earlier is unknown. So it can break the claim and never support it.

Counted from the *planned* instant by default, as a user waits; counting from the real send (``of="service"``) hides the queue in front
of a stalled service and is there to tell the two apart. Requests that ended in an error are no answers: they are left out, and counted.

Source: Gil Tene, "How NOT to Measure Latency" (coordinated omission).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import Duration
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import percentile as take_percentile
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import During, in_ms, requests_during, require_during, was_given_up
from fraiseql_chaos.verdicts.shares import Share
from fraiseql_chaos.verdicts.wording import period, require_duration, span

__all__ = ["Latency", "LatencyOf", "latency"]

type LatencyOf = Literal["planned", "service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """
    Expect a percentile of the answers' times to stay within a limit.

    Args:
        percentile: Which one, in percent: at least 1 and at most 100.
        at_most: The limit, above 0.
        during: ``all`` requests, those touched by the ``fault``, or those ``outside`` of it.
        of: ``planned`` counts from when the request was due, ``service`` from when it was really sent.

    Raises:
        DeclarationError: If any of them has no meaning.
    """

    kind: ClassVar[str] = "latency"

    percentile: float
    at_most: Duration
    during: During = "all"
    of: LatencyOf = "planned"

    def __post_init__(self) -> None:
        if not 1 <= self.percentile <= 100:
            raise DeclarationError(f"latency: percentile={self.percentile!r} is not between 1 and 100; write 95 for the 95th; nothing was judged")
        require_duration(self.kind, "at_most", self.at_most)
        require_during(self.kind, self.during)
        if self.of not in {"planned", "service"}:
            raise DeclarationError(f"latency: of={self.of!r} is neither 'planned' nor 'service'; nothing was judged")

    def __str__(self) -> str:
        since = "" if self.of == "planned" else ", counted from the real send,"
        return f"the p{self.percentile:g} latency {period(self.during)}{since} is at most {self.at_most}"

    def judge(self, history: History) -> Finding:
        """Compare each answer with the limit, and what was given up with what is known of it."""
        asked = requests_during(history, self.during)
        answered = [t for o in asked if o.outcome == "ok" and (t := self._time_ns(o)) is not None]
        waited = [t for o in asked if was_given_up(o) and (t := self._time_ns(o)) is not None]
        late = sum(t > self.at_most.ns for t in answered + waited)
        unknown = sum(t <= self.at_most.ns for t in waited)
        share = Share(good=len(answered) + len(waited) - late - unknown, bad=late, unknown=unknown, at_least=self.percentile / 100)
        return Finding(
            expectation=self,
            verdict=share.verdict,
            statement=self._statement(share, answered + waited, unknown),
            numbers={
                "answered": len(answered),
                "given_up": len(waited),
                "errors_left_out": len(asked) - len(answered) - len(waited),
                "requests_needed": share.needed,
                "later_than_limit": late,
                **self._percentile_ms(answered + waited),
            },
        )

    def _time_ns(self, operation: Operation) -> int | None:
        return operation.latency_ns if self.of == "planned" else operation.service_ns

    def _statement(self, share: Share, times_ns: list[int], unknown: int) -> str:
        if share.total == 0:
            return f"no request {period(self.during)} was answered, so there is no latency to judge"
        taken = take_percentile(times_ns, self.percentile)
        statement = f"p{self.percentile:g} {period(self.during)} was {span(taken.value)} over {share.total} requests"
        if share.verdict != "inconclusive":
            return statement
        few = f"; {share.needed} are needed to speak of this percentile" if share.total < share.needed else ""
        return statement + few + (f"; {unknown} were given up before the limit, so nobody knows what they would have taken" if unknown else "")

    def _percentile_ms(self, times_ns: list[int]) -> dict[str, float | None]:
        if not times_ns:
            return {"percentile_ms": None, "interval_low_ms": None, "interval_high_ms": None}
        taken = take_percentile(times_ns, self.percentile)
        ends = {"interval_low_ms": taken.low, "interval_high_ms": taken.high}
        return {"percentile_ms": in_ms(taken.value), **{name: None if end is None else in_ms(end) for name, end in ends.items()}}


def latency(percentile: float, *, at_most: Duration, during: During = "all", of: LatencyOf = "planned") -> Latency:
    """Expect a percentile of the answers' times to stay within a limit; see ``Latency``."""
    return Latency(percentile=percentile, at_most=at_most, during=during, of=of)
