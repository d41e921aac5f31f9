"""Readings of several repetitions become metrics, and a hole is not filled."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import InternalError
from fraiseql_chaos.experiment.baseline.readings import Reading, metrics_of


def reading(value: float, *samples: float) -> Reading:
    return Reading(group="pool", what="a wait", unit="ms", better="lower", limit=0.05, value=value, samples=samples)


def test_each_repetition_gives_one_value_and_all_its_samples() -> None:
    second, first = metrics_of([{"b": reading(1.0, 1.0, 3.0), "a": reading(5.0)}, {"a": reading(6.0), "b": reading(2.0, 2.0, 4.0)}])[::-1]
    assert (first.name, first.repetitions, first.samples) == ("a", (5.0, 6.0), 2)
    assert (second.name, second.repetitions, second.samples) == ("b", (1.0, 2.0), 4)
    assert second.percentiles["p50"].value == 2.0


def test_repetitions_that_measured_different_things_are_our_own_bug() -> None:
    with pytest.raises(InternalError, match=r"repetition 2 and the first do not measure the same: \['b'\]"):
        metrics_of([{"a": reading(1)}, {"a": reading(1), "b": reading(1)}])
