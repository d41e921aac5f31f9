"""A judge that crashes is one that cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts import Finding, no_crash
from fraiseql_chaos.verdicts.hearing import hear
from histories import outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashing:
    kind: ClassVar[str] = "crashing"

    def __str__(self) -> str:
        return "it never comes to that"

    def judge(self, history: History) -> Finding:
        raise LookupError(history.begin.experiment)


def test_a_sound_judge_is_heard_as_it_speaks() -> None:
    history = outage().history()

    assert hear(no_crash(), history) == no_crash().judge(history)


def test_a_judge_that_crashes_cannot_tell_and_its_error_is_named() -> None:
    finding = hear(Crashing(), outage("a").history())

    assert (finding.verdict, finding.statement) == ("inconclusive", "the judge itself failed with LookupError: a; please report it")
