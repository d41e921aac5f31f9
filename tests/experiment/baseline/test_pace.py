"""The pace is the time of a computation, and follows how much of a processor we get."""

from __future__ import annotations

from statistics import median

import pytest

from fraiseql_chaos.experiment.baseline import pace


def test_twice_the_work_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of many, with the work itself changed four-fold; no absolute time is promised."""
    usual = median(pace.pace_ms() for _ in range(15))
    monkeypatch.setitem(pace.__dict__, "ROUNDS", 4 * pace.ROUNDS)
    assert median(pace.pace_ms() for _ in range(15)) > 2 * usual > 0


def test_it_is_a_metric_of_which_no_side_is_better() -> None:
    (reading,) = pace.pace_reading([3.0, 1.0, 2.0]).values()
    assert (reading.value, reading.better, reading.samples) == (2.0, "neither", (3.0, 1.0, 2.0))
