"""What a baseline calls the latency of an operation, said once for who measures it and for who compares with it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["OPERATION_NAMES", "latency_metric"]

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


def latency_metric(operation: str, *, in_flight: int = 1) -> str:
    """Return the name of the metric of an operation's median latency, with so many requests in flight."""
    return f"query.{OPERATION_NAMES.get(operation, operation)}.c{in_flight}.latency_p50"
