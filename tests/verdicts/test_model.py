"""The order of verdicts."""

from __future__ import annotations

from fraiseql_chaos.verdicts import worst


def test_the_worst_of_verdicts_is_violated_then_inconclusive() -> None:
    assert worst(["held", "inconclusive", "held"]) == "inconclusive"
    assert worst(["violated", "inconclusive", "held"]) == "violated"


def test_nothing_asked_is_nothing_violated() -> None:
    assert worst([]) == "held"
