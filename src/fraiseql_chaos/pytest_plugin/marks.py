"""
The markers of a chaos test.

    @pytest.mark.claims("1.1.1a", "1.1.1b")         what of the plan the test checks
    @pytest.mark.failure_type("network_latency")    what it injects; selects with -m "failure_type:network_latency"
    @pytest.mark.weakness("W-001")                  a known weakness: violated is expected, and held is news
"""

from __future__ import annotations

import pytest
from _pytest.mark.structures import Mark

__all__ = ["MARKERS", "claims_of", "pytest_itemcollected", "weakness_of"]

MARKERS = (
    "claims(*ids): the claims of the plan that this chaos test checks",
    "failure_type(*names): what this chaos test injects; select with -m 'failure_type:NAME'",
    "weakness(id): a known weakness of the service under test; the test must be violated, and says so the day it holds",
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test one more marker for each failure type, so that ``-m failure_type:NAME`` selects it."""
    for marker in item.iter_markers("failure_type"):
        for name in marker.args:
            # Made by hand, because pytest.mark refuses names that are not registered, and a registered name ends at its first colon.
            item.own_markers.append(Mark(f"failure_type:{name}", (), {}, _ispytest=True))


def claims_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the claims a test checks, in the order written."""
    return tuple(claim for marker in item.iter_markers("claims") for claim in marker.args)


def weakness_of(item: pytest.Item) -> str | None:
    """Return the id of the weakness a test is known to find, if any."""
    marker = item.get_closest_marker("weakness")
    return None if marker is None else str(marker.args[0])
