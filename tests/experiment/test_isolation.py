"""
A bystander on a real service, while another operation is hit: ``isolated`` holds where only the neighbour suffers, and is violated where all do.

The fault is placed on the statements of one view, so that posts, which are read from another one by the same process through the same pool, do not meet it. The counter-test
holds every answer of the database by as much.
"""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms, per_second, seconds
from fraiseql_chaos.experiment import Chaos, Laboratory, Load, Recording, Service, Title
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.wire.faults import DelayMessage
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.reference.operations import READ_NESTED, READ_POST
from fraiseql_chaos.verdicts import Finding, fault_observed, isolated, slowdown

pytestmark = pytest.mark.anyio

HELD_BACK = ms(800)

LATE = ms(400)
"""Of every answer, of which a request needs several."""

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


def is_isolated(recording: Recording, bystander: str) -> Finding:
    """
    Return what is found of a bystander under a fault that was seen.

    The instrument is not asked: a machine that stood still for a twentieth of a second decides nothing where an answer takes ten times as long or does not.
    """
    assert fault_observed().judge(recording.history).verdict == "held", fault_observed().judge(recording.history).statement
    return isolated(bystander, lost_at_most=0.2, slower_at_most=MARGIN).judge(recording.history)


async def test_a_bystander_is_unharmed_while_its_neighbour_is_hit(laboratory: Laboratory, service: Service) -> None:
    fault = DelayMessage(delay=HELD_BACK, jitter=JITTER, trigger=Trigger(sql="v_thread"))
    recording = await recorded(laboratory, service, fault)
    during = [o.latency_ns for o in recording.history.operations if o.name == READ_NESTED.name and seconds(4).ns < o.planned_ns < seconds(7).ns]
    assert min(during) >= (HELD_BACK - JITTER).ns, "the neighbour was not hit"
    bystander, neighbour = (is_isolated(recording, name) for name in (READ_POST.name, READ_NESTED.name))
    assert bystander.verdict == "held", bystander.statement
    assert (neighbour.verdict, "times as long" in neighbour.statement) == ("violated", True), neighbour.statement


async def test_a_bystander_that_shares_what_is_broken_is_harmed(laboratory: Laboratory, service: Service) -> None:
    """Every answer of the database is late, and so are the posts."""
    recording = await recorded(laboratory, service, Latency(delay=LATE))
    bystander = is_isolated(recording, READ_POST.name)
    assert (bystander.verdict, "their median answer took" in bystander.statement) == ("violated", True), bystander.statement
    assert slowdown(at_most=MARGIN).judge(recording.history).verdict == "violated"
