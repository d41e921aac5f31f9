"""A collection compared with itself: as many false alarms as the level allows, and real alternation is seen."""

from __future__ import annotations

from baselines_made import metric
from fraiseql_chaos.core import dice
from fraiseql_chaos.experiment.baseline.self_check import LEVEL, self_check


def test_noise_raises_no_more_alarms_than_the_level_allows() -> None:
    """Five thousand metrics of pure noise: the share of alarms stays below the level. The test is discrete, so it is well below."""
    noise = dice(5, "noise")
    metrics = [metric(f"m{n}", [noise.lognormvariate(0, 0.05) for _ in range(10)]) for n in range(5000)]
    check = self_check(metrics)
    assert check is not None
    assert check.compared == 5000
    assert 0 < check.rate <= LEVEL


def test_what_alternates_is_an_alarm() -> None:
    check = self_check([metric("steady", [10, 10.1, 10.05, 9.9, 9.95, 10.2, 10.1, 9.8]), metric("flips", [1, 2, 1.1, 2.1, 1.2, 2.2, 1.3, 2.3])])
    assert check is not None
    assert check.alarms == ("flips",)


def test_too_few_repetitions_are_not_compared() -> None:
    assert self_check([metric("flips", [1, 2, 1.1, 2.1, 1.2, 2.2, 1.3])]) is None
    assert self_check([]) is None
