"""
Asking again helps.

A promise to each user who got an error: whoever tries again at once is answered. One second try that failed breaks it, whatever the others did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.integrity import named
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.retries import next_tries

__all__ = ["NextTrySucceeds", "next_try_succeeds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTrySucceeds:
    """Expect the next request of the same operation to succeed after every one that got an error."""

    kind: ClassVar[str] = "next_try_succeeds"

    def __str__(self) -> str:
        return "whoever asks again after an error is answered"

    def judge(self, history: History) -> Finding:
        """Look at what followed each error."""
        tries = [(failed, again) for failed, again in next_tries(history) if again is not None]
        bad = [again for _, again in tries if again.outcome != "ok"]
        numbers = {"tries": len(tries), "failed_again": len(bad)}
        if bad:
            statement = f"{len(bad)} of {len(tries)} second tries failed as well: {named(bad)}"
            return Finding(expectation=self, verdict="violated", statement=statement, numbers={**numbers})
        if not tries:
            statement = "no request got an error and was followed by another of its kind"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={**numbers})
        return Finding(expectation=self, verdict="held", statement=f"all of {len(tries)} second tries were answered", numbers={**numbers})


def next_try_succeeds() -> NextTrySucceeds:
    """Expect that asking again helps; see ``NextTrySucceeds``."""
    return NextTrySucceeds()
