"""
Nothing dies that nobody killed.

Of the processes that a run watches, the service first of all, one that ends although no fault and no shutdown asked it to is written into
the history. Nothing is said about processes that nobody watched. There is no third answer here: a record that is whole holds every exit
that was seen, and a record that is not whole is refused before it is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History, ProcessExited
from fraiseql_chaos.verdicts.model import Finding

__all__ = ["NoCrash", "no_crash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCrash:
    """Expect that no process that the run watches ended unasked."""

    kind: ClassVar[str] = "no_crash"

    def __str__(self) -> str:
        return "no watched process dies"

    def judge(self, history: History) -> Finding:
        """Name every watched process that ended unasked."""
        exits = tuple(history.of(ProcessExited))
        return Finding(
            expectation=self,
            verdict="violated" if exits else "held",
            statement="; ".join(f"{e.process} ended at {e.at_ns / 1e9:.3f} s: {e.status}" for e in exits) or "no watched process died",
            numbers={"exits": len(exits)},
        )


def no_crash() -> NoCrash:
    """Expect that no watched process ended unasked; see ``NoCrash``."""
    return NoCrash()
