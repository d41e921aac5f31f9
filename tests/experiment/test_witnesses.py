"""Every witness that a fault names is played by somebody."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from fraiseql_chaos.errors import InternalError
from fraiseql_chaos.experiment.catalogue import FAULTS
from fraiseql_chaos.experiment.witnesses import clients_of, witnessing
from fraiseql_chaos.layers.packet.faults import Loss
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.plan import Declaration, Fault, Plan, Planned

pytestmark = pytest.mark.anyio

URL = "postgresql://app@127.0.0.1:5432/blog"
PLACE = cast(
    "Any",
    SimpleNamespace(
        way=SimpleNamespace(
            address=SimpleNamespace(host="127.0.0.1", port=5432), inside=None, proxy=object(), link=SimpleNamespace(forwarder=SimpleNamespace(pid=1))
        ),
        database="blog",
        database_url=URL,
        user="app",
        server=SimpleNamespace(control_dsn=lambda: URL, port=5433, leader=lambda: 1),
        service=SimpleNamespace(url="http://127.0.0.1:1", unix_socket=None, observer=None, child=SimpleNamespace(pid=1)),
    ),
)
"""Where a deployment's parts are; nothing is there, and nobody looks."""


def plan_of(fault: Fault) -> Plan:
    return Plan(seed=1, faults=(Planned(fault_id="0", declaration=Declaration(fault=fault, target="database")),))


@dataclass(frozen=True)
class Named:
    """Names witnesses and is otherwise a fault like any other."""

    witnesses: ClassVar[tuple[str, ...]] = ()


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.kind)
async def test_every_witness_of_every_fault_is_played_and_nobody_else_looks(kind: type[Fault]) -> None:
    fault = cast("Fault", type("Stand", (Named,), {"witnesses": kind.witnesses})())
    async with witnessing(plan_of(fault), PLACE) as witnesses:
        there = {probe.name for probe in witnesses.here}
        assert witnesses.parts() == (), "nobody needs a process of his own where the edge is reached from here"
    always = {"service_memory", "service_pool", "service_ready"}
    assert there - always == set(kind.witnesses) - {"server_log", "link_capture"} - always
    assert always <= there


async def test_a_witness_that_nobody_plays_is_our_own_mistake() -> None:
    """Its silence would be taken for a fault that did not bite."""
    fault = cast("Fault", type("Stand", (Named,), {"witnesses": (*Refuse.witnesses, "passers_by")})())
    with pytest.raises(InternalError, match="no probe is called 'passers_by'"):
        async with witnessing(plan_of(fault), PLACE):
            pass


def test_clients_of_the_edge_are_told_from_those_who_look_from_anywhere() -> None:
    assert clients_of(plan_of(Refuse())) == ["edge_connect"]
    assert clients_of(plan_of(Loss(rate=0.1))) == []
