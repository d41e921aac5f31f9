"""All of several things: the worst decides, and every part says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts import Expectation, Finding, all_of, availability, no_crash, no_hang, recovers_within
from histories import Scene, outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashing:
    kind: ClassVar[str] = "crashing"

    def __str__(self) -> str:
        return "it never comes to that"

    def judge(self, history: History) -> Finding:
        raise ZeroDivisionError(f"{len(history.events)} / 0")


def test_it_holds_if_every_part_holds() -> None:
    finding = all_of(no_hang(ms(50)), recovers_within(seconds(1))).judge(outage().history())

    assert finding.verdict == "held"
    assert "no_hang held: " in finding.statement
    assert "recovers_within held: " in finding.statement


def test_one_violated_part_violates_and_is_named_first() -> None:
    finding = all_of(no_hang(ms(50)), availability(at_least=0.9)).judge(outage().history())

    assert finding.verdict == "violated"
    assert finding.statement.startswith("availability violated: 250 of 350 requests of the whole run were answered rightly; no_hang held: ")


def test_a_part_that_cannot_tell_leaves_it_open_unless_another_is_violated() -> None:
    few = Scene().fault(1000, 1100).answers(0, 2000).history()

    assert all_of(no_hang(seconds(1)), no_crash()).judge(few).verdict == "inconclusive"
    assert all_of(no_hang(seconds(1)), availability(at_least=0.99), no_crash()).judge(few).verdict == "inconclusive"
    assert all_of(no_hang(seconds(1)), no_crash()).judge(Scene().fault(1000, 1100).answers(0, 2000).exit(1500).history()).verdict == "violated"


def test_a_part_that_crashes_cannot_tell_and_the_others_are_heard() -> None:
    finding = all_of(Crashing(), no_crash()).judge(outage().history())

    assert finding.verdict == "inconclusive"
    assert "crashing inconclusive: the judge itself failed with ZeroDivisionError" in finding.statement
    assert "no_crash held" in finding.statement


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ((), "all_of: takes at least two expectations, not 0"),
        ((no_crash(),), "takes at least two expectations, not 1; require a single one as it is; nothing was judged"),
        ((no_crash(), "vibes"), "all_of: 'vibes' is not an expectation"),
    ],
)
def test_what_is_no_composition_is_refused(parts: tuple[Expectation, ...], complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        all_of(*parts)
