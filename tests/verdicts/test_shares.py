"""Shares: three answers, and what a run too small may still say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.verdicts.shares import Share


@pytest.mark.parametrize(
    ("good", "bad", "unknown", "at_least", "verdict"),
    [
        (100, 0, 0, 0.99, "held"),
        (99, 1, 0, 0.99, "held"),
        (98, 2, 0, 0.99, "violated"),
        (99, 0, 1, 0.99, "held"),
        (98, 1, 1, 0.99, "inconclusive"),
        (50, 0, 0, 0.99, "inconclusive"),
        (10, 2, 0, 0.99, "violated"),
        (19, 0, 0, 1, "inconclusive"),
        (20, 0, 0, 1, "held"),
        (3, 1, 0, 1, "violated"),
        (0, 0, 0, 0.5, "inconclusive"),
    ],
)
def test_a_share_is_judged_with_what_is_known(good: int, bad: int, unknown: int, at_least: float, verdict: str) -> None:
    assert Share(good=good, bad=bad, unknown=unknown, at_least=at_least).verdict == verdict


@given(st.integers(0, 400), st.integers(0, 10), st.integers(0, 10), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999, 1]))
def test_no_way_that_the_unknown_turn_out_can_contradict_a_verdict(good: int, bad: int, unknown: int, at_least: float) -> None:
    verdict = Share(good=good, bad=bad, unknown=unknown, at_least=at_least).verdict
    shares = [Fraction(good + lucky, total) for lucky in range(unknown + 1) if (total := good + bad + unknown)]

    assert verdict != "held" or all(share >= Fraction(str(at_least)) for share in shares)
    assert verdict != "violated" or all(share < Fraction(str(at_least)) for share in shares)


@pytest.mark.parametrize(("at_least", "needed"), [(0.5, 20), (0.95, 20), (0.99, 100), (0.999, 1000), (1, 20)])
def test_the_number_needed_is_the_least_of_which_one_may_be_bad(at_least: float, needed: int) -> None:
    assert Share(good=0, bad=0, unknown=0, at_least=at_least).needed == needed
