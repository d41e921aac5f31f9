"""The worst must be seen first."""

from __future__ import annotations

from fraiseql_chaos.reports.standing import STANDINGS


def test_standings_go_from_the_worst_to_the_best() -> None:
    assert STANDINGS == ("violated", "inconclusive", "weakness", "held")
