"""What each witness says of a healthy world: the half of a fault's eyes that is easily forgotten. ``tests/probes`` keeps it true."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.core import NS_PER_MS, JsonObject
from fraiseql_chaos.history import Sample

__all__ = ["HEALTHY", "healthy"]

HEALTHY: Final[Mapping[str, JsonObject]] = MappingProxyType(
    {
        "edge_answer": {"rows": 100, "wrong": 0},
        "edge_connect": {},
        "edge_farewell": {},
        "edge_greeting": {"connect_ms": 0.1, "greeting_ms": 1.0},
        "edge_idle": {"idle_ms": 100.0},
        "edge_round_trip": {},
        "edge_transfer": {"bytes": 16384, "wrong_bytes": 0, "segments_up": 2, "segments_down": 3},
        "server_sessions": {"sessions": 2},
        "service_path": {"through_edge": 2, "around_edge": 0, "connecting": 0},
        "service_pool": {
            "min": 2,
            "max": 30,
            "size": 2,
            "available": 2,
            "waiting": 0,
            "requests": 100,
            "queued": 0,
            "wait_ms": 0,
            "errors": 0,
            "usage_ms": 300,
            "queue": [],
            "numbered": 0,
            "given_up": 0,
        },
        "service_ready": {"status": 200},
    }
)
"""The value of a look in health, by probe."""


def healthy(probes: tuple[str, ...], *, looks: int = 8, began_ns: int = 0) -> tuple[Sample, ...]:
    """Return what these probes see in health: so many looks each, 100 ms apart and a millisecond long."""
    return tuple(
        Sample(probe=probe, began_ns=(at_ns := began_ns + n * 100 * NS_PER_MS), at_ns=at_ns + NS_PER_MS, ok=True, value=dict(HEALTHY[probe]))
        for n in range(looks)
        for probe in probes
        if probe in HEALTHY
    )
