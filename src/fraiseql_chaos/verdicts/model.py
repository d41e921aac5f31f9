"""
What an expectation is, and what judging one yields.

    expectation  --judge(history)-->  finding  --judge_all-->  judgement

An expectation is a value: what the author of a test holds to be true of a service under a fault, with every magnitude and its unit.
It is written into the run beside the history, so that the same question can be asked of the same record again, elsewhere and later.

There are three answers and no fourth. ``held``: the record shows it. ``violated``: the record shows the contrary. ``inconclusive``:
the record shows neither, because too little was asked, the fault did not bite or the instrument was unsound. Inconclusive is not green.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import History

__all__ = ["VERDICTS", "Expectation", "Finding", "Judgement", "Verdict", "worst"]

type Verdict = Literal["held", "inconclusive", "violated"]

VERDICTS: Final[tuple[Verdict, ...]] = ("held", "inconclusive", "violated")
"""From good to bad: of several, the last in this order counts."""


class Expectation(Protocol):
    """
    Something a service is expected to do, as a frozen dataclass.

    Attributes:
        kind: Its wire name, equal to its file's name: ``availability``.
    """

    kind: ClassVar[str]

    def judge(self, history: History) -> Finding:
        """Answer from the record alone; the same record always gets the same answer."""
        ...

    def __str__(self) -> str:
        """Return the claim in one sentence without a full stop, for people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    The answer to one expectation.

    Attributes:
        expectation: What was asked.
        verdict: The answer.
        statement: Why, in one sentence with numbers.
        numbers: What it was computed from, units in the keys.
    """

    expectation: Expectation
    verdict: Verdict
    statement: str
    numbers: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    The answer to all expectations of one experiment.

    Attributes:
        verdict: The overall answer, by the rule that ``judge_all`` states.
        reasons: Why it is not ``held``, the weightiest first; empty if it is.
        findings: One for each expectation, the ones that every experiment has first.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several verdicts; ``held`` of none, because nothing was asked."""
    return max(verdicts, key=VERDICTS.index, default="held")
