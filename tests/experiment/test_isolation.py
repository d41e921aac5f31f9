"""
A bystander on a real service, while another operation is hit: ``isolated`` holds where only the neighbour suffers, and is violated where all do.

The fault is placed on the statements of one view, so that posts, which are read from another one by the same process through the same pool, do not meet it. The counter-test
holds every answer of the database by as much.
"""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms, per_second, seconds
from fraiseql_chaos.experiment import Chaos, Laboratory, Load, Recording, Service, Title, Violated
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.wire.faults import DelayMessage
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.reference.operations import READ_NESTED, READ_POST
from fraiseql_chaos.verdicts import isolated, slowdown

pytestmark = pytest.mark.anyio

HELD_BACK = ms(400)

JITTER = ms(200)
"""A session that waits is seen waiting only until it gets its message, so some must wait for longer than the witness asks for."""

MARGIN = 10.0
"""Times as long as before; an answer takes some 5 ms in health, so that it lies far from either side, on a busy machine too."""


async def recorded(laboratory: Laboratory, service: Service, fault: Fault) -> Recording:
    """Ask for posts and threads in turn, before and during a fault."""
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="tests::isolation", title="A test.", claims=(), weakness=None, replay="none"))
    async with chaos(fault, on=service.database, between=(seconds(3), seconds(8))):
        return await load.open_loop((READ_POST, READ_NESTED), rate=per_second(20), lasting=seconds(9))


async def test_a_bystander_is_unharmed_while_its_neighbour_is_hit(laboratory: Laboratory, service: Service) -> None:
    fault = DelayMessage(delay=HELD_BACK, jitter=JITTER, trigger=Trigger(sql="v_thread"))
    recording = await recorded(laboratory, service, fault)
    during = [o.latency_ns for o in recording.history.operations if o.name == READ_NESTED.name and seconds(4).ns < o.planned_ns < seconds(7).ns]
    assert min(during) >= (HELD_BACK - JITTER).ns, "the neighbour was not hit"
    recording.require(isolated(READ_POST.name, lost_at_most=0.2, slower_at_most=MARGIN))
    with pytest.raises(Violated, match="times as long"):
        recording.require(isolated(READ_NESTED.name, lost_at_most=0.2, slower_at_most=MARGIN))


async def test_a_bystander_that_shares_what_is_broken_is_harmed(laboratory: Laboratory, service: Service) -> None:
    """Every answer of the database is late, and so are the posts."""
    recording = await recorded(laboratory, service, Latency(delay=HELD_BACK))
    with pytest.raises(Violated, match=r"their median answer took .* times as long"):
        recording.require(isolated(READ_POST.name, lost_at_most=0.2, slower_at_most=MARGIN))
    with pytest.raises(Violated):
        recording.require(slowdown(at_most=MARGIN))
