"""
Errors, not hangs.

Whoever asks while something is broken shall be told, one way or the other, before the limit: by an answer or by an error. A request
that was given up after more than the limit is a hang. One that was given up before the limit might have ended in time, so it proves
nothing. One hang is one too many: this is a promise to each user and not a share of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import in_ms, requests_during, was_given_up
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS, Share
from fraiseql_chaos.verdicts.wording import require_duration, span

__all__ = ["NoHang", "no_hang"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoHang:
    """
    Expect every request touched by the fault to end, well or badly, within a limit.

    Args:
        limit: Counted from the planned instant; above 0.

    Raises:
        DeclarationError: If the limit has no unit or is 0.
    """

    kind: ClassVar[str] = "no_hang"

    limit: Duration

    def __post_init__(self) -> None:
        require_duration(self.kind, "limit", self.limit)

    def __str__(self) -> str:
        return f"every request during the fault ends, in an answer or an error, within {self.limit}"

    def judge(self, history: History) -> Finding:
        """Compare each request's whole life with the limit."""
        touched = requests_during(history, "fault")
        late = [o for o in touched if o.latency_ns > self.limit.ns]
        unknown = sum(was_given_up(o) for o in touched if o.latency_ns <= self.limit.ns)
        verdict = Share(good=len(touched) - len(late) - unknown, bad=len(late), unknown=unknown, at_least=1).verdict
        longest_ns = max((o.latency_ns for o in touched), default=0)
        statement = f"the longest of {len(touched)} requests during the fault took {span(longest_ns)}"
        if late:
            statement = (
                f"{len(late)} of {len(touched)} requests during the fault had not ended after {self.limit}; the longest took {span(longest_ns)}"
            )
        elif unknown:
            statement += f", but {unknown} were given up before {self.limit} had passed"
        elif verdict == "inconclusive":
            statement = f"only {len(touched)} requests were touched by the fault; {LEAST_REQUESTS} are needed"
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "requests": len(touched),
                "ended_in_error": sum(o.outcome != "ok" and not was_given_up(o) for o in touched),
                "later_than_limit": len(late),
                "given_up_before_limit": unknown,
                "longest_ms": in_ms(longest_ns) if touched else None,
            },
        )


def no_hang(within: Duration) -> NoHang:
    """Expect every request touched by the fault to end, well or badly, within a limit; see ``NoHang``."""
    return NoHang(limit=within)
