"""
The service comes back by itself.

Counted from the instant the last fault was healed to the first answer of the run of successes that lasts to the end of the load. One
later failure and the service had not recovered before it. "To the end" must be long enough to mean something: ten requests after the
heal, or half a second of them; a load that ends earlier cannot show a recovery. It can show that there was none in time, if a request
planned after the limit still failed.

An answer at the very end of a long wait is no recovery for whoever asked. A service may take its time with those who came while it was coming
back; but whoever arrives when the limit is over finds it recovered, so each of those must have the answer within the limit too. Those who
came earlier, after the heal, may not wait longer than the last of whom that is not asked.

                 heal ------- limit -------| ------- limit -------|
    arrives here  [--------------------------------------------]      may wait until the last mark
    arrives here                             [-------- limit --------]      may wait for a limit

That answers come as quickly as before is another thing: ``settled_ms`` says when, and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.requests import in_ms
from fraiseql_chaos.verdicts.timing import Recovery, recovery
from fraiseql_chaos.verdicts.wording import require_duration, span

__all__ = ["RecoversWithin", "recovers", "recovers_within"]

FOLLOWING_LEAST: Final = 10
FOLLOWING_SPAN: Final = ms(500)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoversWithin:
    """
    Expect right answers again within a limit of the last heal, and to the end.

    Args:
        limit: Counted from the instant the last fault was healed; above 0.

    Raises:
        DeclarationError: If the limit has no unit or is 0.
    """

    kind: ClassVar[str] = "recovers_within"

    limit: Duration

    def __post_init__(self) -> None:
        require_duration(self.kind, "limit", self.limit)

    def __str__(self) -> str:
        return f"all requests succeed again within {self.limit} of the fault's end"

    def judge(self, history: History) -> Finding:
        """Measure from the last heal to the beginning of the last unbroken run of successes, and look for those who waited too long in it."""
        seen = recovery(history)
        if seen is None:
            statement = "there was no fault that was armed and healed while requests were sent, so there was nothing to recover from"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={})
        verdict, statement = self._answer(seen)
        numbers: JsonObject = {
            "recovery_ms": None if seen.at_ns is None else in_ms(seen.at_ns - seen.heal_ns),
            "settled_ms": None if seen.settled_ns is None else in_ms(seen.settled_ns - seen.heal_ns),
            "settled_bound_ms": None if seen.settled_bound_ns is None else in_ms(seen.settled_bound_ns),
            "successes_after": seen.following,
            "slowest_after_ms": in_ms(max(o.latency_ns for o in seen.answers)) if seen.answers else None,
            "load_after_heal_ms": in_ms(seen.load_end_ns - seen.heal_ns),
        }
        return Finding(expectation=self, verdict=verdict, statement=statement, numbers=numbers)

    def _answer(self, seen: Recovery) -> tuple[Verdict, str]:
        broken_until_ns = 0 if seen.last_bad_ns is None else max(0, seen.last_bad_ns - seen.heal_ns)
        if broken_until_ns > self.limit.ns:
            return "violated", f"a request planned {span(broken_until_ns)} after the fault's end still failed"
        late = [o for o in seen.answers if o.done_ns > max(o.planned_ns, seen.heal_ns + self.limit.ns) + self.limit.ns]
        if late:
            worst = max(late, key=lambda o: o.latency_ns)
            came = f"request {worst.ordinal}, planned {span(worst.planned_ns - seen.heal_ns)} after the fault's end"
            return "violated", f"{came}, was answered only after {span(worst.latency_ns)}, and {len(late)} in all waited too long"
        if seen.at_ns is None or not _is_long_enough(seen):
            after = max(0, seen.load_end_ns - seen.heal_ns)
            return (
                "inconclusive",
                f"the load ended too early: {seen.following} successes followed, and it ran for {span(after)} after the fault's end",
            )
        taken_ns = seen.at_ns - seen.heal_ns
        statement = f"right answers again {span(taken_ns)} after the fault's end, and {seen.following} successes followed"
        return ("held" if taken_ns <= self.limit.ns else "violated"), statement


def recovers_within(limit: Duration) -> RecoversWithin:
    """Expect right answers again within a limit of the last heal, and to the end; see ``RecoversWithin``."""
    return RecoversWithin(limit=limit)


def recovers(*, within: Duration) -> RecoversWithin:
    """Say ``recovers_within(limit)`` as ``recovers(within=limit)``."""
    return RecoversWithin(limit=within)


def _is_long_enough(seen: Recovery) -> bool:
    return seen.following >= FOLLOWING_LEAST or (seen.following >= 2 and seen.following_ns >= FOLLOWING_SPAN.ns)
