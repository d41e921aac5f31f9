"""
What a measure is, and what measuring yields.

    measure  --take(history)-->  measurement

An expectation answers yes, no or cannot tell; a measure says how much. It is a value as well, written into the run beside what it found, so that the same
record can be measured again and must give the same numbers. What there was nothing to measure of has no numbers, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import History

__all__ = ["Measure", "Measurement"]


class Measure(Protocol):
    """
    Something that can be read off a history, as a frozen dataclass.

    Attributes:
        kind: Its wire name, equal to its file's name: ``error_rate``.
    """

    kind: ClassVar[str]

    def take(self, history: History) -> Measurement:
        """Measure; the same record always gives the same numbers."""
        ...

    def __str__(self) -> str:
        """Return what is measured in a few words, for people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """
    What was measured.

    Attributes:
        measure: What was asked.
        numbers: The answer, units in the keys; empty if there was nothing to measure.
        statement: The answer in one sentence, or why there is none.
    """

    measure: Measure
    numbers: JsonObject
    statement: str
