"""Every number of an experiment can be read off its metrics, in the unit that it says."""

from __future__ import annotations

import pytest

from fraiseql_chaos.reports.numbers import NUMBERS
from fraiseql_chaos.verdicts import ChaosMetrics
from histories import Scene, outage


def test_numbers_are_read_off_in_their_units() -> None:
    metrics = ChaosMetrics.of(outage().history())
    found = {number.name: number.of(metrics) for number in NUMBERS}
    assert found["availability_before"] == 100
    assert found["latency_p50_before"] == metrics.before.latency_p50_ms
    assert found["recovery"] == metrics.recovery_ms
    assert found["availability_during"] == pytest.approx(100 * (metrics.during.success_ratio or 0))
    assert len(found) == len(NUMBERS) == 13


def test_what_did_not_happen_has_no_number() -> None:
    """A load without a fault has nothing during one, and nothing to recover from."""
    metrics = ChaosMetrics.of(Scene().load(50).answers(0, 1000).history())
    found = {number.name: number.of(metrics) for number in NUMBERS}
    assert found["latency_p50_before"] is not None
    assert (found["latency_p50_during"], found["recovery"]) == (None, None)
