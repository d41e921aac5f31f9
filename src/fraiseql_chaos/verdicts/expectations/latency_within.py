"""
Answers take at most so many times as long as a measured baseline says.

Each request's time is divided by the median that its own operation has in the baseline, and the median of those quotients is what counts: so a load
that asks for several things is judged as one, and no operation needs hundreds of requests of its own. How far that median may be trusted is
said by two intervals, that of the requests (distribution-free) and that of the baseline (over its repetitions), taken together at their worst ends.
The promise is kept if all of it lies within the tolerance, broken if none of it does, and otherwise nobody can tell.

A request that was given up took longer than it was waited for; it counts as endless where that helps nobody. One that ended in an error is no answer.

A baseline of another machine or service is no yardstick. It is refused, with what differs, unless the test says that it knows; then the answer says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.core import NS_PER_MS, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.stats import percentile
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.requests import During, requests_during, require_during, was_given_up
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS
from fraiseql_chaos.verdicts.wording import period
from fraiseql_chaos.verdicts.yardstick import Mark, Yardstick

__all__ = ["LatencyWithin", "latency_within"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyWithin:
    """
    Expect the median answer to take at most so many times as long as in a baseline.

    Args:
        yardstick: What is kept of the baseline.
        tolerance: The factor, at least 1; 2.0 means twice as long.
        during: ``all`` requests, those touched by the ``fault``, or those ``outside`` of it.
        foreign: Whether a baseline of another machine or service will do.

    Raises:
        DeclarationError: If the tolerance or the period has no meaning.
    """

    kind: ClassVar[str] = "latency_within"

    yardstick: Yardstick
    tolerance: float
    during: During = "fault"
    foreign: bool = False

    def __post_init__(self) -> None:
        factor = self.tolerance
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 <= factor < math.inf:
            raise DeclarationError(
                f"latency_within: tolerance={factor!r} is not a factor of at least 1; write 2.0 for twice as long; nothing was judged"
            )
        require_during(self.kind, self.during)

    def __str__(self) -> str:
        whose = f"the baseline of {self.yardstick.created}{', which may be a foreign one' if self.foreign else ''}"
        return f"the median answer {period(self.during)} takes at most {self.tolerance:g} times as long as in {whose}"

    def judge(self, history: History) -> Finding:
        """Divide each request's time by its operation's median in health, and compare the median quotient with the tolerance."""
        marks = {mark.operation: mark for mark in self.yardstick.marks}
        differs = self.yardstick.differs(history)
        asked = [o for o in requests_during(history, self.during) if o.outcome == "ok" or was_given_up(o)]
        known = [(o, marks[o.name]) for o in asked if o.name in marks]
        verdict, statement, numbers = self._compared(known)
        if unknown := sorted({o.name for o in asked} - marks.keys()):
            statement += f"; the baseline does not know {', '.join(unknown)}"
        if differs:
            foreign = f"the baseline is of something else ({'; '.join(differs)})"
            if not self.foreign:
                verdict, statement = "inconclusive", f"{foreign}, so it is no yardstick here; collect one here, or say that a foreign one will do"
            else:
                statement += f"; {foreign}"
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={**numbers, "tolerated": self.tolerance, "baseline": self.yardstick.created, "differs": list(differs), **_medians(known)},
        )

    def _compared(self, known: Sequence[tuple[Operation, Mark]]) -> tuple[Verdict, str, JsonObject]:
        if len(known) < LEAST_REQUESTS:
            few = f"{len(known)} answers {period(self.during)} are too few to compare; {LEAST_REQUESTS} are needed"
            return "inconclusive", few, {"answers": len(known), "answers_needed": LEAST_REQUESTS}
        least = percentile([_ms(o) / mark.high_ms for o, mark in known], 50)
        usual = percentile([_ms(o) / mark.median_ms for o, mark in known], 50).value
        most = percentile([_at_most(o, mark) for o, mark in known], 50)
        low, high = least.low or 0.0, math.inf if most.high is None else most.high
        verdict: Verdict = "held" if high <= self.tolerance else "violated" if low > self.tolerance else "inconclusive"
        statement = (
            f"the median answer {period(self.during)} took {usual:.3g} times as long as in the baseline of {self.yardstick.created} "
            f"({low:.3g} to {_told(high)}), over {len(known)} answers; {self.tolerance:g} times is tolerated"
        )
        numbers: JsonObject = {
            "answers": len(known),
            "factor": round(usual, 3),
            "factor_low": round(low, 3),
            "factor_high": None if math.isinf(high) else round(high, 3),
        }
        if verdict == "inconclusive" and (needed := _needed(len(known), usual, low, high, self.tolerance)) is not None:
            return verdict, f"{statement}; about {needed} answers are needed to tell", {**numbers, "answers_needed": needed}
        return verdict, statement, numbers


def latency_within(baseline: Baseline, tolerance: float, *, during: During = "fault", foreign: bool = False) -> LatencyWithin:
    """Expect the median answer to take at most so many times as long as in a baseline; see ``LatencyWithin``."""
    return LatencyWithin(yardstick=Yardstick.of(baseline), tolerance=tolerance, during=during, foreign=foreign)


def _ms(operation: Operation) -> float:
    return operation.latency_ns / NS_PER_MS


def _at_most(operation: Operation, mark: Mark) -> float:
    """Return how many times as long a request took at most; endless if nobody waited for the end, or the baseline may be next to nothing."""
    return math.inf if operation.outcome != "ok" or mark.low_ms <= 0 else _ms(operation) / mark.low_ms


def _needed(count: int, usual: float, low: float, high: float, tolerance: float) -> int | None:
    """Return how many answers would tell, if they are like these: an interval shrinks with the root of their number; None if it never would."""
    distance, reach = abs(tolerance - usual), (high - usual) if usual <= tolerance else (usual - low)
    return math.ceil(count * (reach / distance) ** 2) if distance and math.isfinite(reach) else None


def _told(factor: float) -> str:
    return "endless" if math.isinf(factor) else f"{factor:.3g}"


def _medians(known: Sequence[tuple[Operation, Mark]]) -> JsonObject:
    """Return for each operation how many answers there were, their median and the baseline's, to look at; nothing is decided by them."""
    found: JsonObject = {}
    for mark in dict.fromkeys(mark for _, mark in known):
        times = [_ms(o) for o, its in known if its is mark]
        found[mark.operation] = {
            "answers": len(times),
            "median_ms": round(percentile(times, 50).value, 3),
            "baseline_ms": round(mark.median_ms, 3),
            "noisy": mark.noisy,
        }
    return {"operations": found}
