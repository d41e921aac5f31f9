"""What is kept of a baseline, and whose it is."""

from __future__ import annotations

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts.yardstick import Mark, Yardstick
from histories import Scene


def test_the_latencies_with_one_in_flight_are_kept_under_the_operations_names() -> None:
    kept = Yardstick.of(
        baseline(metric(), metric("query.orders.c1.latency_p50"), metric("query.by_id.c10.latency_p50"), metric("pool.checkout.c1.latency_p50"))
    )

    assert [(mark.operation, mark.metric) for mark in kept.marks] == [
        ("read_post", "query.by_id.c1.latency_p50"),
        ("orders", "query.orders.c1.latency_p50"),
    ]
    assert kept.marks[0].median_ms == 10.0
    assert kept.marks[0].low_ms < 10 < kept.marks[0].high_ms
    assert (kept.created, kept.seed, kept.machine) == ("2026-01-02T03:04:05+00:00", 7, "0123456789abcdef")


def test_it_says_in_what_a_history_is_of_something_else() -> None:
    assert Yardstick.of(baseline()).differs(Scene().history()) == (
        "machine 0123456789abcdef, not None",
        "app stock:app, not None",
        "postgresql 17.4, not 18.1",
        "python 3.13.5, not 3.13.2",
        "service None, not stock reference service",
    )


def test_a_baseline_without_such_a_latency_is_no_yardstick() -> None:
    with pytest.raises(DeclarationError, match="no latency of any operation with one request in flight; nothing was judged"):
        Yardstick.of(baseline(metric("query.by_id.c10.latency_p50")))


@pytest.mark.parametrize(("low", "median", "high"), [(2, 1, 3), (0, 0, 1), (1, 2, float("inf")), (1, float("nan"), 2)])
def test_what_is_no_time_is_refused(low: float, median: float, high: float) -> None:
    with pytest.raises(DeclarationError, match="is no time to compare with; nothing was judged"):
        Mark(operation="a", metric="m", median_ms=median, low_ms=low, high_ms=high, noisy=False)
