"""
The service notices.

Counted from the instant the driver set out to arm the fault, which is the earliest it can have bitten, to the first sign the service
gives: an error to a request, or ``/ready`` saying no. Meant for faults that take something away; a service that answers rightly all
through one of those has another source of answers, and the test is about the wrong fault. A sign that comes after the heal is none: whoever
had to decide something because of the fault was not told while it lasted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import in_ms
from fraiseql_chaos.verdicts.timing import Detection, detection
from fraiseql_chaos.verdicts.wording import require_duration, span

__all__ = ["DetectsWithin", "detects_within"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectsWithin:
    """
    Expect the service to show the fault to the outside within a limit.

    Args:
        limit: Counted from the instant the driver set out to arm the fault; above 0.

    Raises:
        DeclarationError: If the limit has no unit or is 0.
    """

    kind: ClassVar[str] = "detects_within"

    limit: Duration

    def __post_init__(self) -> None:
        require_duration(self.kind, "limit", self.limit)

    def __str__(self) -> str:
        return f"the service notices the fault within {self.limit}"

    def judge(self, history: History) -> Finding:
        """Measure from the bite to the first sign from either source."""
        seen = detection(history)
        if seen is None:
            return Finding(expectation=self, verdict="inconclusive", statement="no fault was armed, so there was nothing to notice", numbers={})
        numbers: JsonObject = {
            "detected_ms": _after_ms(seen, seen.at_ns),
            "by_requests_ms": _after_ms(seen, seen.by_requests_ns),
            "by_readiness_ms": _after_ms(seen, seen.by_readiness_ns),
            "requests_touched": seen.asked,
            "readiness_looks": seen.looks,
        }
        if seen.at_ns is not None:
            taken_ns = seen.at_ns - seen.bite_ns
            source = "an error to a request" if seen.at_ns == seen.by_requests_ns else "/ready saying no"
            statement = f"noticed after {span(taken_ns)}, by {source}"
            return Finding(expectation=self, verdict="held" if taken_ns <= self.limit.ns else "violated", statement=statement, numbers=numbers)
        if seen.confounded:
            statement = f"{' and '.join(seen.confounded)} showed errors before the fault, so nobody can say when this one was noticed"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers=numbers)
        if not seen.asked:
            statement = "nothing showed the fault, and no request was there to be touched by it"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers=numbers)
        looks = f"none of {seen.looks} looks at /ready said no" if seen.looks else "nobody looked at /ready"
        statement = f"never noticed: none of {seen.asked} requests touched by the fault ended in an error before it was healed, and {looks}"
        return Finding(expectation=self, verdict="violated", statement=statement, numbers=numbers)


def detects_within(limit: Duration) -> DetectsWithin:
    """Expect the service to show the fault to the outside within a limit; see ``DetectsWithin``."""
    return DetectsWithin(limit=limit)


def _after_ms(seen: Detection, at_ns: int | None) -> float | None:
    return None if at_ns is None else in_ms(at_ns - seen.bite_ns)
