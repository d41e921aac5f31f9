"""What became of a metric: against SciPy, both ways, and how often it is wrong: within a collection, and on a machine that drifts."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import STILL, Drift, Pair, compare, compare_many, hodges_lehmann, holm, measure_drift, tost_ranks
from fraiseql_chaos.stats.comparison import _evidence
from simulations import is_at_least, is_at_most

SIZES = st.integers(4, 12)
VALUES = st.lists(st.floats(0.5, 2.0), min_size=4, max_size=12)


def collection(rng: np.random.Generator, *, slower: float = 1.0, metrics: int = 1, shared: float = 0.0, own: float = 0.0) -> list[list[float]]:
    """Return ten repetitions of each metric, which scatter by 3 % and share the mood of the machine."""
    mood = rng.normal(0, shared) + rng.normal(0, own, size=(metrics, 1))
    return (100 * slower * np.exp(mood + rng.normal(0, 0.03, size=(metrics, 10)))).tolist()  # type: ignore[no-any-return]  # numpy's lists are Any


def paired(old: list[list[float]], new: list[list[float]], drift: Drift = STILL) -> dict[str, Pair]:
    return {f"metric {place}": Pair(old=before, new=after, drift=drift) for place, (before, after) in enumerate(zip(old, new, strict=True))}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slower", [0.8, 1.0, 1.1])
def test_without_drift_it_is_scipys_mann_whitney_against_a_shift_by_the_tolerance(seed: int, slower: float) -> None:
    rng = np.random.default_rng(seed)
    (old,), (new,) = collection(rng), collection(rng, slower=slower)
    change, logs = compare(old, new, tolerance=5.0), (np.log(old), np.log(new))
    up, down = (
        mannwhitneyu(logs[1] - off, logs[0], method="exact", alternative=side).pvalue
        for off, side in ((math.log(1.05), "greater"), (-math.log(1.05), "less"))
    )
    shift = hodges_lehmann(*logs)

    assert (change.p_worse, change.p_better) == pytest.approx((up, down))
    assert change.p_equal == pytest.approx(tost_ranks(*logs, margin=math.log(1.05)).p)
    assert change.percent == pytest.approx(100 * math.expm1(shift.estimate))
    assert (change.low, change.high) == pytest.approx((100 * math.expm1(shift.low or 0), 100 * math.expm1(shift.high or 0)))


@given(old=VALUES, new=VALUES, sd=st.sampled_from([0.01, 0.1]), degrees=st.sampled_from([1.0, 4.0, math.inf]))
def test_with_drift_a_p_value_is_the_least_error_at_which_the_interval_excludes_the_edge(
    old: list[float], new: list[float], sd: float, degrees: float
) -> None:
    evidence = _evidence("it", Pair(old=old, new=new, drift=Drift(sd=sd, degrees=degrees)), 5.0)
    p = evidence.above(evidence.zone)

    for tail, excluded in ((p * 1.001, True), (p * 0.999, False)):
        if 0 < tail < 0.5:
            end = evidence.end(tail, upper=False)
            assert (end is not None and end > evidence.zone) is excluded


@given(old=VALUES, new=VALUES, better=st.sampled_from(["lower", "higher"]))
def test_swapping_old_and_new_turns_it_round(old: list[float], new: list[float], better: Literal["lower", "higher"]) -> None:
    there, back = compare(old, new, tolerance=5.0, better=better), compare(new, old, tolerance=5.0, better=better)

    assert (there.p_worse, there.p_better, there.p_equal) == pytest.approx((back.p_better, back.p_worse, back.p_equal))
    assert (1 + (there.percent or 0) / 100) * (1 + (back.percent or 0) / 100) == pytest.approx(1)
    assert {"better": "worse", "worse": "better"}.get(there.outcome, there.outcome) == back.outcome


@pytest.mark.parametrize(
    ("factor", "better", "outcome"),
    [
        (1.3, "lower", "worse"),
        (1.3, "higher", "better"),
        (0.7, "lower", "better"),
        (0.7, "higher", "worse"),
        (1.3, "neither", "different"),
        (0.7, "neither", "different"),
        (1.0, "lower", "equal"),
        (1.0, "neither", "equal"),
    ],
)
def test_each_answer_is_given_where_it_is_due(factor: float, better: Literal["lower", "higher", "neither"], outcome: str) -> None:
    (old,), (new,) = collection(np.random.default_rng(1)), collection(np.random.default_rng(2), slower=factor)
    change = compare(old, new, tolerance=5.0, better=better)

    assert change.outcome == outcome
    assert change.needed is None
    assert "shown to be" in change.reason


def test_under_no_change_there_are_no_more_alarms_than_stated_and_pooled_requests_raise_more() -> None:
    """Method: a change of exactly the tolerance, which is the hardest case that is none; 1000 pairs of collections. Then 20 requests a repetition, pooled."""
    rng, runs, pooled = np.random.default_rng(101), 1000, 0
    alarms = sum(compare(*collection(rng), *collection(rng, slower=1.05), tolerance=5.0).outcome == "worse" for _ in range(runs))
    for _ in range(150):
        old, new = (np.array(collection(rng, slower=slower)).T * np.exp(rng.normal(0, 0.03, size=(10, 20))) for slower in (1, 1.05))
        pooled += compare(old.ravel(), new.ravel(), tolerance=5.0).outcome == "worse"  # type: ignore[arg-type]  # arrays are sequences enough

    assert is_at_most(alarms, runs, 0.05)
    assert is_at_least(alarms, runs, 0.03)
    assert not is_at_most(pooled, 150, 0.05)


def test_of_many_metrics_at_the_edge_none_is_called_worse_in_all_but_the_stated_share_of_comparisons_and_one_by_one_some_are() -> None:
    """Method: 12 metrics, each changed by exactly the tolerance, 200 comparisons."""
    rng, runs, together, one_by_one = np.random.default_rng(102), 200, 0, 0
    for _ in range(runs):
        pairs = paired(collection(rng, metrics=12), collection(rng, metrics=12, slower=1.05))
        together += any(change.outcome == "worse" for change in compare_many(pairs, tolerance=5.0).values())
        one_by_one += any(compare(pair.old, pair.new, tolerance=5.0).outcome == "worse" for pair in pairs.values())

    assert is_at_most(together, runs, 0.05)
    assert not is_at_most(one_by_one, runs, 0.05)


def test_what_is_slower_by_a_quarter_is_found_among_many_and_nothing_besides() -> None:
    """Method: 3 of 20 metrics are slower by 25 %, the others not at all; 100 comparisons. Stated: each of the 3 is found in 95 %, any other in at most 5 %."""
    rng, runs, found, others, equal = np.random.default_rng(103), 100, 0, 0, 0
    for _ in range(runs):
        new = [*collection(rng, metrics=3, slower=1.25), *collection(rng, metrics=17)]
        outcomes = [change.outcome for change in compare_many(paired(collection(rng, metrics=20), new), tolerance=5.0).values()]
        found += outcomes[:3].count("worse")
        others += "worse" in outcomes[3:]
        equal += outcomes[3:].count("equal")

    assert is_at_least(found, 3 * runs, 0.95)
    assert is_at_most(others, runs, 0.05)
    assert is_at_least(equal, 17 * runs, 0.9)


def test_what_is_called_equal_is_not_apart_by_the_tolerance_in_all_but_the_stated_share_of_cases() -> None:
    rng, runs = np.random.default_rng(104), 1000

    assert is_at_most(
        sum(compare(*collection(rng), *collection(rng, slower=1.05), tolerance=5.0).outcome == "equal" for _ in range(runs)), runs, 0.05
    )


def test_on_a_machine_that_drifts_alarms_are_bounded_by_a_drift_that_was_measured_and_not_without_it() -> None:
    """Method: collections differ by 2 % together and 1 % each; 10 metrics at the edge of the tolerance; each comparison has two A/A checks of its own, 100 times."""
    rng, runs, moods = np.random.default_rng(105), 100, {"metrics": 10, "shared": 0.02, "own": 0.01}
    alarms = {"known": 0, "unknown": 0}
    for _ in range(runs):
        checks = [list(zip(collection(rng, **moods), collection(rng, **moods), strict=True)) for _ in range(2)]  # type: ignore[arg-type]  # by name
        old, new = collection(rng, **moods), collection(rng, slower=1.05, **moods)  # type: ignore[arg-type]  # by name
        for name, drift in (("known", measure_drift(checks)), ("unknown", STILL)):
            alarms[name] += any(change.outcome == "worse" for change in compare_many(paired(old, new, drift), tolerance=5.0).values())

    assert is_at_most(alarms["known"], runs, 0.05)
    assert not is_at_most(alarms["unknown"], runs, 0.05)


def test_a_tolerance_of_five_per_cent_bears_a_drift_of_one_without_knowing_it() -> None:
    """Method: 20 metrics that were not changed, collections that differ by 0.7 % together and 0.7 % each; 150 comparisons."""
    rng, moods = np.random.default_rng(106), {"metrics": 20, "shared": 0.007, "own": 0.007}
    alarms = sum(
        any(change.outcome == "worse" for change in compare_many(paired(collection(rng, **moods), collection(rng, **moods)), tolerance=5.0).values())  # type: ignore[arg-type]  # by name
        for _ in range(150)
    )

    assert is_at_most(alarms, 150, 0.05)


def test_p_values_are_corrected_for_all_metrics() -> None:
    rng = np.random.default_rng(107)
    pairs = paired(collection(rng, metrics=5), collection(rng, metrics=5, slower=1.08))
    alone = [compare(pair.old, pair.new, tolerance=5.0).p_worse for pair in pairs.values()]

    assert [change.p_worse for change in compare_many(pairs, tolerance=5.0).values()] == list(holm(alone))


def test_too_few_repetitions_are_unsure_with_the_number_that_would_tell() -> None:
    """Method: three against three cannot tell at all among 30 metrics; the number named is the least that can."""
    few = {f"metric {i}": Pair(old=[100.0, 101, 102], new=[200.0, 201, 202]) for i in range(30)}
    change = compare_many(few, tolerance=5.0)["metric 0"]

    assert change.outcome == "unsure"
    assert change.needed == 6
    assert "about 6 repetitions a side would tell, 3 there are" in change.reason
    assert (change.low, change.high) == (None, None)
    enough = {name: Pair(old=[100.0 + i for i in range(6)], new=[200.0 + i for i in range(6)]) for name in few}
    assert compare_many(enough, tolerance=5.0)["metric 0"].outcome == "worse"


def test_the_number_named_decides_about_as_often_as_not() -> None:
    """Method: 10 against 10 that scatter by 10 % and are slower by 15 %; if unsure, measured anew with the number named, 60 of them."""
    rng, told, asked = np.random.default_rng(108), 0, 0
    while asked < 60:
        old, new = rng.normal(100, 10, size=10), rng.normal(115, 10, size=10)
        change = compare(old.tolist(), new.tolist(), tolerance=5.0)
        if change.outcome == "unsure" and change.needed is not None:
            asked += 1
            again = compare(rng.normal(100, 10, size=change.needed).tolist(), rng.normal(115, 10, size=change.needed).tolist(), tolerance=5.0)
            told += again.outcome == "worse"

    assert told >= 30


def test_a_machine_that_drifts_more_than_the_change_is_said_to_and_no_number_is_named() -> None:
    (old,), (new,) = collection(np.random.default_rng(1)), collection(np.random.default_rng(2), slower=1.08)
    change = compare(old, new, tolerance=5.0, drift=Drift(sd=0.1, degrees=3))

    assert (change.outcome, change.needed) == ("unsure", None)
    assert "drifts too much" in change.reason


def test_a_change_of_about_the_tolerance_needs_more_repetitions_than_anybody_would_do() -> None:
    old = [100 + i / 10 for i in range(-5, 5)]
    change = compare(old, [1.05 * value for value in old], tolerance=5.0)

    assert (change.outcome, change.needed) == ("unsure", None)
    assert "too near to the tolerance" in change.reason


def test_one_stalled_repetition_neither_hides_a_regression_nor_makes_one() -> None:
    (old,), (new,) = collection(np.random.default_rng(1)), collection(np.random.default_rng(2), slower=1.3)

    assert compare(old, [*old[:-1], 5000.0], tolerance=5.0).outcome != "worse"
    assert compare([*old[:-1], 5000.0], new, tolerance=5.0).outcome == "worse"


def test_zero_has_no_per_cent_and_any_change_from_it_counts() -> None:
    assert compare([0.0] * 5, [0.0] * 5, tolerance=5.0).outcome == "equal"
    risen = compare([0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], tolerance=5.0)
    assert (risen.percent, risen.outcome) == (None, "worse")
    assert "of which there is no per cent" in risen.reason


def test_values_below_zero_are_compared_in_units_of_the_old_median() -> None:
    old = [-1.0, 9.8, 9.9, 10.0, 10.1, 10.2, 10.3]
    change = compare(old, [value + 5 for value in old], tolerance=5.0)

    assert change.outcome == "worse"
    assert change.percent == pytest.approx(50, abs=3)


def test_a_metric_may_have_a_tolerance_of_its_own() -> None:
    (old,), (new,) = collection(np.random.default_rng(1)), collection(np.random.default_rng(2), slower=1.3)
    changes = compare_many({"strict": Pair(old=old, new=new), "lenient": Pair(old=old, new=new, tolerance=60.0)}, tolerance=5.0)

    assert (changes["strict"].outcome, changes["lenient"].outcome) == ("worse", "equal")
    assert (changes["strict"].tolerance, changes["lenient"].tolerance) == (5.0, 60.0)


def test_no_metrics_are_no_changes() -> None:
    assert compare_many({}, tolerance=5.0) == {}


@pytest.mark.parametrize("tolerance", [0, -5, 1000, math.nan])
def test_what_is_no_tolerance_is_refused_with_the_metric(tolerance: float) -> None:
    with pytest.raises(DeclarationError, match=r"it: a tolerance is above 0 .*nothing was compared"):
        compare([1.0, 2.0], [1.0, 2.0], tolerance=tolerance)


def test_too_little_and_garbage_are_refused_with_the_metric_and_the_side() -> None:
    with pytest.raises(DeclarationError, match="latency: the new repetitions are 1, and at least 2 are needed"):
        compare_many({"latency": Pair(old=[1.0, 2.0], new=[1.0])}, tolerance=5.0)
    with pytest.raises(DeclarationError, match="latency: the old repetitions must be finite, and number 2 of 2 is nan"):
        compare_many({"latency": Pair(old=[1.0, math.nan], new=[1.0, 2.0])}, tolerance=5.0)
    with pytest.raises(DeclarationError, match="between 0 and 1"):
        compare([1.0, 2.0], [1.0, 2.0], tolerance=5.0, level=95)
