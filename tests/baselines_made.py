"""Baselines as values, for tests that need one and do not care how it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from fraiseql_chaos.baselines import AACheck, Baseline, Better, Metric
from fraiseql_chaos.core import JsonObject

MACHINE: JsonObject = {"id": "0123456789abcdef", "cores": 2}
TARGET: JsonObject = {"app": "stock:app", "fraiseql": "1.9.16", "python": "3.13.5", "postgresql": "17.4"}
CONFIGURATION: JsonObject = {"repetitions": 5, "edge_tls": False}
FIVE = (10.0, 11.0, 9.0, 10.5, 9.5)


def metric(
    name: str = "query.by_id.c1.latency_p50", repetitions: Sequence[float] = FIVE, *, pooled: Sequence[float] = (), better: Better = "lower"
) -> Metric:
    """Return a metric of the values given."""
    return Metric.of(name=name, group="queries", what="by id", unit="ms", better=better, repetitions=repetitions, limit=0.05, pooled=pooled)


def baseline(*metrics: Metric) -> Baseline:
    """Return a baseline of the metrics given, or of two."""
    return Baseline(
        created="2026-01-02T03:04:05+00:00",
        seed=7,
        machine=dict(MACHINE),
        target=dict(TARGET),
        configuration=dict(CONFIGURATION),
        load_before={"average_1min": 0.5},
        load_after={"average_1min": 1.5},
        metrics=metrics or (metric(pooled=[9.0 + i / 100 for i in range(200)]), metric("query.by_id.c1.throughput", better="higher")),
        a_a=AACheck(test="a test", level=0.05, compared=2, alarms=("query.by_id.c1.latency_p50",), inconclusive=()),
    )
