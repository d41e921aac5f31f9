"""What a baseline calls an operation and what is measured of it, said once for who measures it and for who compares with it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["OPERATION_NAMES", "PACE", "latency_metric", "query_metric", "short_name"]

OPERATION_NAMES: Final = MappingProxyType(
    {
        "read_users": "simple",
        "read_post": "by_id",
        "read_nested": "nested",
        "count_users": "count",
        "aggregate": "aggregation",
        "create_user": "create",
        "update_user": "update",
        "delete_user": "delete",
    }
)
"""What the operations of the reference service are called in metrics; a user's own are called by their name."""

PACE: Final = "resources.machine.pace"
"""The metric that no service changes, but the machine: how long a fixed computation takes."""


def short_name(operation: str) -> str:
    """Return what an operation is called in metrics."""
    return OPERATION_NAMES.get(operation, operation)


def query_metric(operation: str, statistic: str, *, in_flight: int) -> str:
    """Return the name of a metric of an operation with so many requests in flight."""
    return f"query.{short_name(operation)}.c{in_flight}.{statistic}"


def latency_metric(operation: str, *, in_flight: int = 1) -> str:
    """Return the name of the metric of an operation's median latency, with so many requests in flight."""
    return query_metric(operation, "latency_p50", in_flight=in_flight)
