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


def often(look: Sample, times: int = 5) -> tuple[Sample, ...]:
    return (look,) * times


def seen(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    server, own = PoolExhaustion(in_flight=80).sightings(before, during)
    assert (server.shows, own.shows) == ("fault", "reach")
    return server.count, own.count


def test_it_is_seen_when_all_sessions_work_and_the_pool_has_none_left() -> None:
    assert seen(IN_HEALTH, (*often(pool()), *often(sessions(30), 3), *often(sessions(23, 7), 2), sessions(2))) == (5, 5)


def test_how_long_it_took_to_exhaust_the_pool_and_to_send_the_crowd_home_does_not_count_against_it() -> None:
    growing = (*often(pool(size=12, waiting=30), 20), *often(sessions(12), 10))
    leaving = (*often(pool(waiting=0), 20), *often(sessions(3), 10))
    assert seen(IN_HEALTH, (*growing, *often(pool(), 6), *often(sessions(30), 7), *leaving)) == (7, 6)


@pytest.mark.parametrize(
    ("during", "counts"),
    [
        ((*often(pool()), *often(sessions(22, 8))), (0, 5)),
        ((*often(pool(waiting=0)), *often(sessions(30))), (5, 0)),
        ((*often(pool(available=1)), *often(sessions(30))), (5, 0)),
        ((*often(pool(size=12)), *often(sessions(30))), (5, 0)),
        ((*often(pool(), 4), *often(sessions(30), 4)), (0, 0)),
        (often(sessions(30)), (0, 0)),
        (often(pool()), (0, 5)),
        ((), (0, 0)),
    ],
    ids=[
        "idle sessions",
        "nobody waits",
        "one left",
        "a pool that may grow",
        "too few looks",
        "no look at the pool",
        "none at the server",
        "none",
    ],
)
def test_what_is_less_is_not_it(during: tuple[Sample, ...], counts: tuple[int, int]) -> None:
    assert seen(IN_HEALTH, during) == counts


def test_what_was_so_before_or_was_not_looked_at_cannot_be_told_apart() -> None:
    assert seen((pool(), sessions(30)), (*often(pool()), *often(sessions(30)))) == (0, 0)
    assert seen((), (*often(pool()), *often(sessions(30)))) == (0, 0)


def test_a_healthy_world_shows_nothing() -> None:
    assert seen(healthy(PoolExhaustion.witnesses), healthy(PoolExhaustion.witnesses, began_ns=10**9)) == (0, 0)


def test_a_service_without_a_pool_is_not_under_it() -> None:
    none = Sample(probe="service_pool", began_ns=0, at_ns=1, ok=False, error="the app has made no connection pool of FraiseQL's")
    assert seen((none, sessions(0, 2)), (none, *often(sessions(30)))) == (0, 0)


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
