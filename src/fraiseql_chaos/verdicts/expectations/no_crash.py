"""
Nothing dies that nobody killed.

The rig watches every process it started; one that ends although no fault and no shutdown asked it to is written into the history. There
is no third answer here: a record that is whole has seen every exit, and a record that is not whole is refused before it is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History, ProcessExited
from fraiseql_chaos.verdicts.model import Finding

__all__ = ["NoCrash", "no_crash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCrash:
    """Expect that no process ended unasked."""

    kind: ClassVar[str] = "no_crash"

    def __str__(self) -> str:
        return "no process of the service or its server dies"

    def judge(self, history: History) -> Finding:
        """Name every process that ended unasked."""
        exits = tuple(history.of(ProcessExited))
        return Finding(
            expectation=self,
            verdict="violated" if exits else "held",
            statement="; ".join(f"{e.process} ended at {e.at_ns / 1e9:.3f} s: {e.status}" for e in exits) or "every process outlived the run",
            numbers={"exits": len(exits)},
        )


def no_crash() -> NoCrash:
    """Expect that no process ended unasked; see ``NoCrash``."""
    return NoCrash()
