"""What follows from an event alone."""

from __future__ import annotations

from fraiseql_chaos.history import Operation


def test_latency_counts_from_the_plan_and_service_time_from_the_send() -> None:
    operation = Operation(ordinal=0, name="a", planned_ns=100, sent_ns=130, done_ns=400, outcome="ok")

    assert (operation.latency_ns, operation.service_ns) == (300, 270)


def test_a_request_that_was_never_sent_has_waited_but_was_never_served() -> None:
    operation = Operation(ordinal=0, name="a", planned_ns=100, sent_ns=None, done_ns=400, outcome="fail", cause="not_sent")

    assert (operation.latency_ns, operation.service_ns) == (300, None)
