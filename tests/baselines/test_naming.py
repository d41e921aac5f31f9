"""One name for a latency, whoever asks."""

from __future__ import annotations

from fraiseql_chaos import reference
from fraiseql_chaos.baselines.naming import OPERATION_NAMES, latency_metric, query_metric, short_name


def test_every_operation_of_the_reference_service_has_a_name_and_a_users_own_is_called_by_its() -> None:
    assert {operation.name for operation in reference.OPERATIONS} == set(OPERATION_NAMES)
    assert latency_metric("read_post") == "query.by_id.c1.latency_p50"
    assert latency_metric("orders", in_flight=10) == "query.orders.c10.latency_p50"
    assert query_metric("read_post", "throughput", in_flight=50) == "query.by_id.c50.throughput"
    assert [short_name(operation.name) for operation in reference.OPERATIONS] == [
        "simple",
        "by_id",
        "nested",
        "count",
        "aggregation",
        "create",
        "update",
        "delete",
    ]
    assert short_name("orders") == "orders"
