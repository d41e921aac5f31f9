"""When a series changed: the Nile, known answers, false alarms, power and the interval, counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, rankdata

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import change_point, least_values
from fraiseql_chaos.stats.change_point import _clearest
from simulations import is_at_least, is_at_most

NILE = [
    *(1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140),
    *(1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969),
    *(831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759),
    *(781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890),
    *(744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740),
]
"""Annual flow at Aswan from 1871 to 1970, in 10^8 cubic metres (Cobb 1978)."""


def test_the_nile_changed_after_1898() -> None:
    """Cobb, "The problem of the Nile", Biometrika 65 (1978): the last year of the high level is 1898."""
    found = change_point(range(1871, 1971), NILE, seed=1)

    assert found is not None
    assert (found.at, found.index, found.p) == (1899, 28, 0.001)
    assert found.low <= 1899 <= found.high
    assert found.high - found.low < 15
    assert (found.before, found.after) == (1110, 844.5) or found.before > found.after


def test_the_place_is_the_one_where_scipys_mann_whitney_is_most_extreme() -> None:
    values = np.random.default_rng(81).permutation(40).astype(float)
    extreme = {k: mannwhitneyu(values[:k], values[k:], method="asymptotic", use_continuity=False).pvalue for k in range(3, 38)}
    (index,), _ = _clearest(rankdata(values)[None, :])

    assert index == min(extreme, key=extreme.__getitem__)


def test_of_series_without_a_change_at_most_the_stated_share_has_one_and_without_a_threshold_most_have() -> None:
    """Method: 400 series of 30 exponential values; beside it the best place judged as if it had been known beforehand."""
    rng, runs, alarms, naive = np.random.default_rng(82), 400, 0, 0
    for run in range(runs):
        values = rng.exponential(size=30)
        alarms += change_point(range(30), values, seed=run, false_alarms=0.05) is not None
        _, (clearness,) = _clearest(rankdata(values)[None, :])
        naive += clearness >= 1.96

    assert is_at_most(alarms, runs, 0.05)
    assert is_at_least(alarms, runs, 0.02)
    assert not is_at_most(naive, runs, 0.05)


@pytest.mark.parametrize("place", [10, 30])
def test_a_step_of_two_deviations_is_found_and_the_interval_holds_it_as_often_as_it_says(place: int) -> None:
    """Method: 150 series of 40 values that step up; the interval's ends are times between which the change lies."""
    rng, runs, found_any, held, point_only = np.random.default_rng(83), 150, 0, 0, 0
    for run in range(runs):
        found = change_point(range(40), rng.normal(size=40) + np.where(np.arange(40) < place, 0, 2), seed=run)
        if found is not None:
            found_any += 1
            held += found.low < place <= found.high
            point_only += found.index == place

    assert is_at_least(found_any, runs, 0.95)
    assert is_at_least(held, found_any, 0.95)
    assert not is_at_least(point_only, found_any, 0.95)


def test_the_seed_decides_and_units_and_single_wild_values_do_not() -> None:
    values = [2.0, 3, 2.5, 2.2, 2.9, 2.4, 2.7, 8, 9, 7, 8.5, 7.5, 9.5, 8.2]
    wild = [*values[:-1], 8e9]
    found = change_point(range(14), values, seed=3)

    assert found is not None
    assert found == change_point(range(14), values, seed=3)
    assert (found.index, found.before) == (7, 2.5)
    assert change_point([time * 1e6 for time in range(14)], [value * 1e3 for value in values], seed=3) is not None
    assert (change_point(range(14), wild, seed=3) or found).index == 7


@pytest.mark.parametrize("false_alarms", [0.05, 0.01])
def test_the_stated_least_number_suffices_for_a_clean_step(false_alarms: float) -> None:
    count = least_values(false_alarms)
    found = change_point(range(count), [*range(count // 2), *range(100, 100 + count - count // 2)], seed=1, false_alarms=false_alarms)

    assert found is not None
    assert found.index == count // 2


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        (range(9), range(9), r"are 9, and at least 12 are needed"),
        (range(12), range(13), "as many times that rise"),
        ([*range(12), 3], range(13), "as many times that rise"),
        (range(5001), range(5001), "medians of windows"),
    ],
)
def test_what_cannot_be_searched_is_refused(times: list[float], values: list[float], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        change_point(times, values, seed=1)


@pytest.mark.parametrize("false_alarms", [0, 1, 0.0001, float("nan")])
def test_what_is_no_share_of_false_alarms_is_refused(false_alarms: float) -> None:
    with pytest.raises(DeclarationError, match="nothing was searched"):
        change_point(range(20), range(20), seed=1, false_alarms=false_alarms)
