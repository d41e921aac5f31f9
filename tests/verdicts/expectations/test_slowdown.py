"""Slowdown: three answers, and a word about tolerances that nobody could keep."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import slowdown
from histories import Scene


def _slowed(to_ms: float, *, kind: str = "refuse") -> Scene:
    return Scene().fault(1000, 2000, kind=kind).answers(0, 900).answers(1020, 1900, took_ms=to_ms).answers(2000, 3000)


def test_it_holds_when_answers_are_not_much_slower() -> None:
    finding = slowdown(at_most=2).judge(_slowed(6).history())

    assert finding.verdict == "held"
    assert 1.3 < finding.numbers["factor"] < 1.7  # type: ignore[operator]


def test_it_is_violated_when_they_are() -> None:
    assert slowdown(at_most=2).judge(_slowed(20).history()).verdict == "violated"


def test_it_cannot_tell_from_too_few_answers() -> None:
    finding = slowdown(at_most=2).judge(Scene().fault(1000, 1100).answers(0, 900).answers(1010, 1090).history())

    assert finding.verdict == "inconclusive"
    assert "20 of each are needed" in finding.statement


def test_a_tolerance_that_the_fault_alone_breaks_is_called_one() -> None:
    finding = slowdown(at_most=2).judge(_slowed(255, kind="latency").history())

    assert finding.verdict == "violated"
    assert "The fault alone adds 250 ms" in finding.statement


@pytest.mark.parametrize("factor", [0.5, float("nan"), "2", True])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(DeclarationError, match="not a factor of at least 1"):
        slowdown(at_most=factor)
