"""
The markers of a chaos test.

    @pytest.mark.claims("1.1.1a", "1.1.1b")         what of the plan the test checks
    @pytest.mark.failure_type("network_latency")    what it injects; selects with -m "failure_type:network_latency"
    @pytest.mark.edge("packets")                    what the way to the database is made of: stream (a proxy), packets (a link), or both
    @pytest.mark.alone                              it measures time: no other chaos test of this machine may run meanwhile
    @pytest.mark.weakness("W-001")                  a known weakness of the stock service: there violated is expected, and held is news

A test with a ``weakness`` runs twice: on the stock service, which must still show it, and on the hardened one, where the register's remedy must
work. ``weakness("W-002", remedy=False)`` says that no remedy is known; then there is nothing to show on the hardened service.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from fraiseql_chaos.plan import EdgeKind, check_edge_kind

__all__ = ["MARKERS", "claims_of", "edge_of", "pytest_generate_tests", "pytest_itemcollected", "weakness_of", "without_colons"]

MARKERS = (
    "claims(*ids): the claims of the plan that this chaos test checks",
    "failure_type(*names): what this chaos test injects; select with -m 'failure_type:NAME'",
    "alone: this chaos test measures time, and no other of this machine may run meanwhile; without the mark it runs beside others",
    "edge(kind, tls=False): what the way to the database is made of in this chaos test: stream, packets or both; whether the server speaks TLS across it",
    "weakness(id, remedy=True): a known weakness of the stock service; there the test must be violated, and says so the day it holds",
)


_WITH_COLON: Final = re.compile(r"\bfailure_type:([\w.-]+)")


def without_colons(expression: str) -> str:
    """
    Return a ``-m`` expression with ``failure_type:NAME`` in pytest's own words.

    A registered marker's name ends at its first colon, so with --strict-markers the plan's spelling would be a marker nobody knows.
    """
    return _WITH_COLON.sub(r"failure_type(name='\1')", expression)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test one more marker for each failure type, because pytest selects by the keywords of a marker and not by its arguments."""
    for name in [name for marker in item.iter_markers("failure_type") for name in marker.args]:
        item.add_marker(pytest.mark.failure_type(name=name))


def claims_of(item: pytest.Item) -> tuple[str, ...]:
    """Return the claims a test checks, in the order written."""
    return tuple(claim for marker in item.iter_markers("claims") for claim in marker.args)


def edge_of(item: pytest.Item) -> tuple[EdgeKind | None, bool | None]:
    """
    Return what a test says of the way to the database, and of whether the server speaks TLS across it; None for what works either way.

    Raises:
        DeclarationError: If the word is none of those allowed.
    """
    marker = item.get_closest_marker("edge")
    if marker is None:
        return None, None
    (kind,) = marker.args
    return check_edge_kind(kind, of=f"the marker of {item.name}: edge"), marker.kwargs.get("tls", False)


def weakness_of(item: pytest.Item) -> str | None:
    """Return the id of the weakness that a test must find, if any: only the stock service is known to have it."""
    marker = item.get_closest_marker("weakness")
    variant = getattr(item, "callspec", None) and item.callspec.params.get("service")  # type: ignore[attr-defined]  # only parametrised items have one
    return None if marker is None or variant != "stock" else str(marker.args[0])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with a known weakness on both reference services; a service of the user's own is what it is, and gets no allowance."""
    marker = metafunc.definition.get_closest_marker("weakness")
    if marker is None or "service" not in metafunc.fixturenames or metafunc.config.getoption("--chaos-app") is not None:
        return
    metafunc.parametrize("service", ["stock", "hardened"] if marker.kwargs.get("remedy", True) else ["stock"], indirect=True)
