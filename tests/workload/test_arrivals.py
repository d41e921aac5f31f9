"""Planned times and choices: pure functions, so every claim is arithmetic."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import Duration, per_second, seconds
from fraiseql_chaos.workload.arrivals import Spacing, choose, planned_times


def test_constant_spacing_adds_up_no_rounding_error() -> None:
    times = planned_times(rate=per_second(3), lasting=seconds(100), spacing="constant", seed=1)
    assert len(times) == 300
    assert all(abs(at_ns - n * 1_000_000_000 / 3) <= 0.5 for n, at_ns in enumerate(times))


def test_the_end_of_the_load_is_not_part_of_it() -> None:
    assert planned_times(rate=per_second(2), lasting=seconds(1), spacing="constant", seed=1) == (0, 500_000_000)


def test_poisson_spacing_is_decided_by_the_seed_alone() -> None:
    one, same, other = (planned_times(rate=per_second(50), lasting=seconds(10), spacing="poisson", seed=seed) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_poisson_gaps_are_exponential() -> None:
    times = planned_times(rate=per_second(100), lasting=seconds(200), spacing="poisson", seed=1)
    gaps_ns = [after - before for before, after in pairwise(times)]
    assert mean(gaps_ns) == pytest.approx(10_000_000, rel=0.03)
    assert pstdev(gaps_ns) == pytest.approx(mean(gaps_ns), rel=0.05)  # of an exponential distribution the two are equal


@settings(deadline=None)
@given(
    rate=st.floats(min_value=0.1, max_value=2000),
    lasting_ns=st.integers(min_value=1, max_value=2_000_000_000),
    spacing=st.sampled_from(["constant", "poisson"]),
)
def test_plans_begin_at_zero_ascend_and_end_in_time(rate: float, lasting_ns: int, spacing: Spacing) -> None:
    times = planned_times(rate=per_second(rate), lasting=Duration(lasting_ns), spacing=spacing, seed=1)
    assert times[0] == 0
    assert list(times) == sorted(times)
    assert times[-1] < lasting_ns


def test_operations_are_chosen_by_weight() -> None:
    chosen = [choose((9, 1), seed=1, ordinal=n) for n in range(2000)]
    assert chosen.count(1) == pytest.approx(200, abs=50)


def test_one_choice_does_not_depend_on_another() -> None:
    assert [choose((1, 1, 1), seed=1, ordinal=n) for n in (5, 6, 7)] == [choose((1, 1, 1), seed=1, ordinal=n) for n in range(10)][5:8]
