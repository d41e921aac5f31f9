"""An exhausted pool is seen in the server's sessions and in the pool's own words; that these are their words is seen in ``tests/experiment``."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.service.faults import PoolExhaustion
from fraiseql_chaos.testing.health import healthy


def pool(*, available: int = 0, waiting: int = 12, size: int = 30) -> Sample:
    return Sample(probe="service_pool", began_ns=0, at_ns=1, ok=True, value={"max": 30, "size": size, "available": available, "waiting": waiting})


def sessions(at_work: int, idle: int = 0) -> Sample:
    backends: list[Any] = [{"pid": n, "state": "active" if n < at_work else "idle"} for n in range(at_work + idle)]
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=True, value={"sessions": len(backends), "backends": backends})


IN_HEALTH = (pool(available=2, waiting=0, size=2), sessions(0, 2))


def seen(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    server, own = PoolExhaustion(in_flight=80).sightings(before, during)
    assert (server.shows, own.shows) == ("fault", "reach")
    return server.count, own.count


def test_it_is_seen_when_all_sessions_work_and_the_pool_has_none_left() -> None:
    assert seen(IN_HEALTH, (pool(), pool(), sessions(30), sessions(23, 7), sessions(2))) == (2, 2)


@pytest.mark.parametrize(
    ("during", "counts"),
    [
        ((pool(), sessions(22, 8)), (0, 1)),
        ((pool(waiting=0), sessions(30)), (1, 0)),
        ((pool(available=1), sessions(30)), (1, 0)),
        ((pool(size=12), sessions(30)), (1, 0)),
        ((pool(), pool(waiting=0), sessions(30), sessions(0)), (0, 0)),
        ((sessions(30),), (0, 0)),
        ((pool(),), (0, 1)),
        ((), (0, 0)),
    ],
    ids=[
        "idle sessions",
        "nobody waits",
        "one left",
        "a pool that may grow",
        "half of the time",
        "no look at the pool",
        "none at the server",
        "none",
    ],
)
def test_what_is_less_is_not_it(during: tuple[Sample, ...], counts: tuple[int, int]) -> None:
    assert seen(IN_HEALTH, during) == counts


def test_what_was_so_before_or_was_not_looked_at_cannot_be_told_apart() -> None:
    assert seen((pool(), sessions(30)), (pool(), sessions(30))) == (0, 0)
    assert seen((), (pool(), sessions(30))) == (0, 0)


def test_a_healthy_world_shows_nothing() -> None:
    assert seen(healthy(PoolExhaustion.witnesses), healthy(PoolExhaustion.witnesses, began_ns=10**9)) == (0, 0)


def test_a_service_without_a_pool_is_not_under_it() -> None:
    none = Sample(probe="service_pool", began_ns=0, at_ns=1, ok=False, error="the app has made no connection pool of FraiseQL's")
    assert seen((none, sessions(0, 2)), (none, sessions(30))) == (0, 0)


def test_it_says_what_it_does() -> None:
    fault = PoolExhaustion(in_flight=80)
    assert str(fault) == "80 clients ask slow_report without a pause"
    assert fault.parameters() == {"in_flight": 80, "operation": "slow_report"}


@pytest.mark.parametrize("in_flight", [0, -1, 1.5, True, "80"])
def test_a_crowd_of_no_size_is_refused(in_flight: Any) -> None:
    with pytest.raises(DeclarationError, match="is no number of clients, 1 or more; nothing was armed"):
        PoolExhaustion(in_flight=in_flight)


def test_an_operation_without_a_name_is_refused() -> None:
    with pytest.raises(DeclarationError, match="name the operation"):
        PoolExhaustion(in_flight=80, operation="")
