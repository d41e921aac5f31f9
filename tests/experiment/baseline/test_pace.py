"""The pace is the time of a computation, and follows how much of a processor we get."""

from __future__ import annotations

from statistics import median

from fraiseql_chaos.experiment.baseline import pace


def test_more_work_takes_longer() -> None:
    """Four times the work, at least twice the time; no absolute time is promised. One and the other in turn, so that a machine whose pace changes changes both."""
    usual: list[float] = []
    more: list[float] = []
    for rounds in (pace.ROUNDS, 4 * pace.ROUNDS) * 15:
        (usual if len(usual) == len(more) else more).append(pace.pace_ms(rounds))
    assert median(more_ms / usual_ms for usual_ms, more_ms in zip(usual, more, strict=True)) > 2


def test_it_is_a_metric_of_which_no_side_is_better() -> None:
    (reading,) = pace.pace_reading([3.0, 1.0, 2.0]).values()
    assert (reading.value, reading.better, reading.samples) == (2.0, "neither", (3.0, 1.0, 2.0))
