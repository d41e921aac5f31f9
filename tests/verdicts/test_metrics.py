"""What an experiment measured, by phase."""

from __future__ import annotations

import json

from fraiseql_chaos.verdicts import ChaosMetrics, from_json, to_json
from histories import Scene, outage


def test_phases_are_counted_and_timed_apart() -> None:
    scene = Scene().fault(1000, 2000)
    for index in range(10):
        scene.request(index * 50, index + 1, lag_ms=1)
    scene.request(1000, 7, outcome="fail", cause="graphql_error").request(1100, 900, outcome="indeterminate", cause="timeout").request(1200, 20)
    metrics = ChaosMetrics.of(scene.request(2000, 2).history())

    assert (metrics.before.requests, metrics.during.requests, metrics.after.requests) == (10, 3, 1)
    assert (metrics.before.latency_p50_ms, metrics.before.latency_p95_ms, metrics.before.latency_max_ms) == (5, 10, 10)
    assert metrics.before.service_p50_ms == 4
    assert (metrics.during.ok, metrics.during.fail, metrics.during.indeterminate) == (1, 1, 1)
    assert metrics.during.causes == {"graphql_error": 1, "timeout": 1}
    assert metrics.during.latency_max_ms == 20
    assert metrics.generator_lag_max_ms == 1


def test_detection_and_recovery_are_in_milliseconds_from_the_fault() -> None:
    metrics = ChaosMetrics.of(outage().request(2001, 1, outcome="fail", cause="graphql_error").history())

    assert metrics.time_to_detect_ms == 2
    assert metrics.recovery_ms is not None
    assert 0 < metrics.recovery_ms < 30
    assert metrics.settled_ms == 0


def test_nothing_asked_gives_no_numbers_and_no_error() -> None:
    metrics = ChaosMetrics.of(Scene().history())

    assert metrics.overall.requests == 0
    assert (metrics.overall.success_ratio, metrics.overall.latency_p50_ms, metrics.time_to_detect_ms, metrics.recovery_ms) == (None,) * 4


def test_metrics_survive_json_unchanged() -> None:
    metrics = ChaosMetrics.of(outage().history())

    assert from_json(ChaosMetrics, json.loads(json.dumps(to_json(metrics))), "x") == metrics
