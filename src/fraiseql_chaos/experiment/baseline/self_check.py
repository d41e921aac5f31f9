"""
A collection compared with itself: its odd repetitions against its even ones, by the test that comparisons use, with the least tolerance that they have.

Nothing has changed between the two, so every change it reports is a false alarm, and their share says how far judging by this baseline can be
trusted on this machine. Odd against even, and not first half against second, because a machine that grew slower meanwhile is no news about the
test; it shows in the variation of each metric.

Each metric is judged alone. A comparison corrects for how many it judges, so its alarms are at most these; but half the repetitions against the
other half could then raise none whatever happened, and a check that cannot fail would say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fraiseql_chaos.baselines import AACheck, Metric
from fraiseql_chaos.stats import compare

__all__ = ["self_check"]

LEVEL: Final = 0.05

TOLERANCE_PERCENT: Final = 5.0
"""The least that comparisons tolerate; with the tolerance that a noisy metric's repetitions support, the same repetitions could hardly raise an alarm."""

LEAST_REPETITIONS: Final = 8
"""Of fewer than four against four no ranking is rare enough to be called a change, so the test could not raise an alarm, and would say nothing."""


def self_check(metrics: Sequence[Metric]) -> AACheck | None:
    """
    Compare a collection with itself.

    Returns:
        What that came to; None if there are too few repetitions for the test to find anything.
    """
    if min((len(metric.repetitions) for metric in metrics), default=0) < LEAST_REPETITIONS:
        return None
    outcomes = {
        metric.name: compare(
            metric.repetitions[::2], metric.repetitions[1::2], tolerance=TOLERANCE_PERCENT, better=metric.better, level=1 - LEVEL
        ).outcome
        for metric in metrics
    }
    return AACheck(
        test=f"odd against even repetitions, beyond a tolerance of {TOLERANCE_PERCENT:g} %, each metric alone",
        level=LEVEL,
        compared=len(metrics),
        alarms=tuple(name for name, outcome in outcomes.items() if outcome in {"worse", "better", "different"}),
        inconclusive=tuple(name for name, outcome in outcomes.items() if outcome == "unsure"),
    )
