"""What several faults read from the witnesses, and what none of them may conclude."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import broken, reach, reach_of_broken, slow
from fraiseql_chaos.plan import Sighting
from layers.stream.looks import look, path

FLOOR_NS = 50 * NS_PER_MS


def lateness(before: tuple[Sample, ...], during: tuple[Sample, ...], *, given_up_counts: bool = True) -> Sighting:
    return slow(before, during, floor_ns=FLOOR_NS, witness="client", what="trips", given_up_counts=given_up_counts)


def breakage(before: tuple[Sample, ...], during: tuple[Sample, ...], scope: Scope = Scope()) -> Sighting:
    return broken(before, during, bitten=lambda s: s.error == "EOF", scope=scope, witness="client", what="trips", how="ended")


def trips(*took_ms: float, error: str = "") -> tuple[Sample, ...]:
    return tuple(look("trip", took_ms=took, error=error) for took in took_ms)


def test_a_look_that_was_given_up_is_a_late_one_where_that_is_said() -> None:
    during = (*trips(60, 61), *trips(40, error="ETIMEDOUT"))
    assert (lateness(trips(1), during).count, lateness(trips(1), during, given_up_counts=False).count) == (3, 2)
    assert lateness(trips(1), during).statement == "3 trips took 60.0 ms at the median, against 1.0 ms before; 1 of them were given up"


def test_a_look_that_failed_in_another_way_is_not_a_late_one() -> None:
    assert lateness(trips(1), trips(60, error="EOF")).count == 0


@pytest.mark.parametrize(
    ("before", "during"),
    [(trips(1), trips(1, 60)), (trips(60), trips(60)), ((), trips(60)), (trips(1), ())],
    ids=["half of them", "slow before", "nobody looked before", "nobody looked"],
)
def test_lateness_is_not_claimed_without_most_looks_or_without_health(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> None:
    assert lateness(before, during).count == 0


def test_breakage_is_counted_where_health_had_none() -> None:
    sighting = breakage(trips(1, 1), (*trips(1), *trips(1, 1, error="EOF")))
    assert (sighting.count, sighting.statement) == (2, "2 of 3 trips ended, 0 of 2 before")


@pytest.mark.parametrize(
    ("before", "during", "told"),
    [
        (trips(1), (*trips(1), *trips(1, error="EOF")), "only 1 of 2 trips ended, 0 of 1 before"),
        ((*trips(1), *trips(1, error="EOF")), trips(1, error="EOF"), "1 of 1 trips ended, 1 of 2 before, so nothing can be told apart"),
        ((), trips(1, error="EOF"), "1 of 1 trips ended, 0 of 0 before, when none was well, so nothing can be told apart"),
        (trips(1), (), "only 0 of 0 trips ended, 0 of 1 before"),
    ],
)
def test_breakage_is_not_claimed_otherwise(before: tuple[Sample, ...], during: tuple[Sample, ...], told: str) -> None:
    sighting = breakage(before, during)
    assert (sighting.count, sighting.statement) == (0, told)


def test_a_fault_on_a_share_of_the_connections_needs_half_of_that_share() -> None:
    during = (*trips(1, 1, 1), *trips(1, error="EOF"))
    assert breakage(trips(1), during).count == 0
    assert breakage(trips(1), during, Scope(toxicity=0.4)).count == 1
    assert breakage(trips(1), during, Scope(first=1)).count == 1


def test_the_service_is_under_a_fault_while_it_is_on_the_edge_alone() -> None:
    assert reach((path(), path(), path(through=0))).count == 2
    assert reach((path(), path(around=1))).count == 0
    assert reach(()).count == 0


def test_a_connect_of_the_services_that_hangs_counts_where_that_is_said() -> None:
    during = (path(through=0, connecting=1), path(through=0, connecting=1), path(through=0, around=1, connecting=1))
    assert (reach(during, connecting_counts=True).count, reach(during).count) == (2, 0)


def test_a_service_that_loses_its_connections_had_them_before_and_finds_no_way_around() -> None:
    assert reach_of_broken((path(), path()), (path(through=0),)).count == 2
    assert reach_of_broken((path(), path()), (path(through=0), path(through=0, around=1))).count == 0
    assert reach_of_broken((path(through=0), path()), (path(through=0),)).count == 0
    assert reach_of_broken((), (path(),)).count == reach_of_broken((path(),), ()).count == 0
