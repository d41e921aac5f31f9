"""A collection compared with itself: as many false alarms as the level allows, and real alternation is seen."""

from __future__ import annotations

import pytest

from baselines_made import metric
from fraiseql_chaos.core import dice
from fraiseql_chaos.experiment.baseline.self_check import LEVEL, self_check

STEADY = [10, 10.1, 10.2, 9.9, 9.95, 10.05, 9.8, 9.85]
FLIPS = [1, 2, 1.1, 2.1, 1.2, 2.2, 1.3, 2.3]


@pytest.mark.parametrize("scatter", [0.05, 0.3])
def test_noise_raises_no_more_alarms_than_the_level_allows(scatter: float) -> None:
    """
    A thousand metrics of noise, each of which may be called worse or better, so at most twice the level.

    The smaller scatter lies mostly within what is tolerated, and raises hardly any.
    """
    noise = dice(5, "noise")
    check = self_check([metric(f"m{n}", [noise.lognormvariate(0, scatter) for _ in range(10)]) for n in range(1000)])
    assert check is not None
    assert check.compared == 1000
    assert check.rate <= 2 * LEVEL
    assert len(check.inconclusive) > 100


def test_what_alternates_is_an_alarm_and_what_is_steady_is_not() -> None:
    check = self_check([metric("steady", STEADY), metric("flips", FLIPS)])
    assert check is not None
    assert check.alarms == ("flips",)
    assert check.inconclusive == ()


def test_too_few_repetitions_are_not_compared() -> None:
    assert self_check([metric("flips", FLIPS[:7])]) is None
    assert self_check([]) is None
