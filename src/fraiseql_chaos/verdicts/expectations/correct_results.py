"""
No request is ever answered wrongly.

Slow, refused, failed: a client can handle these. An answer that looks right and is not, nobody can. So one wrong answer violates, at
whatever instant, fault or no fault, and however unsound the instrument was: a late clock does not make a right answer wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding

__all__ = ["CorrectResults", "correct_results"]

WRONG: Final = "wrong_answer"
"""The cause that the workload gives a request whose answer is not the one it must be."""

NAMED_AT_MOST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectResults:
    """Expect that every answer that came was the right one."""

    kind: ClassVar[str] = "correct_results"

    def __str__(self) -> str:
        return "no request is answered wrongly"

    def judge(self, history: History) -> Finding:
        """Count the wrong answers, and name the first ones."""
        wrong = [o for o in history.operations if o.cause == WRONG]
        right = sum(o.outcome == "ok" for o in history.operations)
        if wrong:
            first = "; ".join(f"request {o.ordinal} ({o.name}) planned at {o.planned_ns / 1e9:.3f} s: {o.detail}" for o in wrong[:NAMED_AT_MOST])
            statement = f"{len(wrong)} of {len(wrong) + right} answers were wrong, the first of them: {first}"
        else:
            statement = f"all {right} answers were right" if right else "no request was answered, so no answer could be checked"
        return Finding(
            expectation=self,
            verdict="violated" if wrong else "held" if right else "inconclusive",
            statement=statement,
            numbers={"right": right, "wrong": len(wrong)},
        )


def correct_results() -> CorrectResults:
    """Expect that every answer that came was the right one; see ``CorrectResults``."""
    return CorrectResults()
