"""The exit status of a run is its worst verdict, and a run of nothing shows nothing."""

from __future__ import annotations

import pytest

from fraiseql_chaos.cli.status import HELD, INCONCLUSIVE, RIG_FAILED, VIOLATED, WRONG_USE, status_of
from fraiseql_chaos.reports import RunDocument, Totals


def document(**standings: int) -> RunDocument:
    """Return a run with so many tests of each standing."""
    counted = dict.fromkeys(("held", "violated", "inconclusive", "weakness"), 0) | standings
    beside = {name: counted.pop(name, 0) for name in ("skipped", "problems")}
    totals = Totals(run=sum(counted.values()), **beside, **counted)
    return RunDocument(seed=1, replay="", started="", target={}, machine={}, totals=totals, experiments=(), skipped=(), problems=())


@pytest.mark.parametrize(
    ("standings", "status"),
    [
        ({"held": 2}, HELD),
        ({"held": 1, "weakness": 1}, HELD),
        ({"weakness": 1}, HELD),
        ({"held": 1, "inconclusive": 1}, INCONCLUSIVE),
        ({"held": 1, "inconclusive": 1, "violated": 1}, VIOLATED),
        ({"violated": 1, "weakness": 1}, VIOLATED),
        ({}, INCONCLUSIVE),
        ({"skipped": 3}, INCONCLUSIVE),
        ({"held": 2, "problems": 1}, RIG_FAILED),
        ({"problems": 1}, RIG_FAILED),
        ({"inconclusive": 1, "problems": 1}, RIG_FAILED),
        ({"violated": 1, "problems": 1}, VIOLATED),
    ],
)
def test_the_worst_of_a_run_decides(standings: dict[str, int], status: int) -> None:
    assert status_of(document(**standings)) == status


def test_the_numbers_are_the_documented_ones() -> None:
    """Scripts compare with them, so they never change."""
    assert (HELD, VIOLATED, WRONG_USE, INCONCLUSIVE, RIG_FAILED) == (0, 1, 2, 3, 4)
