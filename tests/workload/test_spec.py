"""A load's declaration: what it refuses, and its way through JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.core import ms, per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import LoadPlanned
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadSpec, Target

PING = GraphQLOperation(name="ping", document="{ ping }", kind="query", cases=(Case(variables={}, data=None),))
SPEC = LoadSpec(
    target=Target(url="http://service/graphql", unix_socket=Path("/tmp/socket"), headers={"Authorization": "Bearer x"}),  # noqa: S108  never opened
    operations=(PING, replace(PING, name="pong")),
    weights=(2, 1),
    rate=per_second(12.5),
    lasting=seconds(4),
    spacing="poisson",
    seed=3,
    mark="03",
    in_flight_max=10,
    timeout=seconds(5),
    drain=ms(100),
    warm_up=0,
)


def test_a_load_survives_its_way_through_json() -> None:
    assert LoadSpec.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC


def test_the_plan_is_an_event() -> None:
    planned = replace(SPEC, spacing="constant").planned()
    assert planned == LoadPlanned(requests=50, rate_per_s=12.5, lasting_ns=4_000_000_000, in_flight_max=10, operations=("ping", "pong"), mark="03")


def test_weights_are_equal_unless_given() -> None:
    assert replace(SPEC, weights=()).weighted == (1, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"operations": ()}, "no operation"),
        ({"operations": (PING, PING)}, "'ping'"),
        ({"weights": (1,)}, "weights must be 2 whole numbers"),
        ({"weights": (1, 0)}, "above 0"),
        ({"weights": (1, True)}, "weights"),
        ({"rate": 50}, "rate=50 has no unit"),
        ({"lasting": 6}, "lasting=6 has no unit"),
        ({"lasting": seconds(0)}, "lasting must be above 0"),
        ({"timeout": seconds(0)}, "timeout must be above 0"),
        ({"drain": 1}, "drain=1 has no unit"),
        ({"spacing": "uniform"}, "'uniform' is neither 'constant' nor 'poisson'"),
        ({"lasting": seconds(1_000_000)}, "12500000 requests"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"mark": ""}, "mark must be 1 to 64 letters"),
        ({"mark": "a b"}, "mark must be 1 to 64 letters"),
        ({"in_flight_max": 0}, "in_flight_max"),
        ({"warm_up": 1001}, "warm_up"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(change: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError, match=told) as refused:
        replace(SPEC, **change)
    assert str(refused.value).endswith("nothing was sent")


@pytest.mark.parametrize("url", ["", "service/graphql", "ftp://service/", "http://", "http://h:99999/", "unix:/tmp/x", None])
def test_an_address_that_is_not_http_is_refused(url: Any) -> None:
    with pytest.raises(DeclarationError, match="is not an HTTP address"):
        Target(url=url)


@pytest.mark.parametrize("header", [("a b", "x"), ("", "x"), ("X", "a\r\nEvil: 1")])
def test_a_header_that_would_break_http_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(DeclarationError, match="cannot be sent in HTTP"):
        Target(url="http://service/graphql", headers=dict([header]))
