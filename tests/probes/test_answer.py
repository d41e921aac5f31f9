"""A question with a known answer, asked of a real PostgreSQL, through real faults on messages and without."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.layers.stream.model import Direction
from fraiseql_chaos.layers.wire.faults import CorruptMessage, CutAt, DelayMessage, DropMessage, StallAt, TruncateResult
from fraiseql_chaos.layers.wire.model import WireFault
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.probes.answer import EdgeAnswer
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import run
from fraiseql_chaos.testing import HEALTHY
from layers.wire.relay import Relay, relaying

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await run(cluster.control_dsn(), "CREATE ROLE app LOGIN")
            yield cluster


@pytest.fixture
async def relay(cluster: Cluster) -> AsyncIterator[Relay]:
    async with relaying(cluster.port) as relay:
        yield relay


@pytest.fixture
async def probe(cluster: Cluster, relay: Relay) -> AsyncIterator[EdgeAnswer]:
    probe = EdgeAnswer(cluster.dsn("postgres", via=("127.0.0.1", relay.port)), within=seconds(2))
    assert (await probe.look()).ok
    yield probe
    await probe.close()


async def test_in_health_both_answers_are_right_over_one_connection(probe: EdgeAnswer, relay: Relay) -> None:
    looks = [await probe.look() for _ in range(3)]
    assert [(look.ok, look.error, look.value) for look in looks] == [(True, "", HEALTHY[probe.name])] * 3
    assert len(relay.joined) == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (CorruptMessage(), "2 of 2 answers are wrong"),
        (TruncateResult(rows=99, then="complete"), "2 of 2 answers are wrong"),
        (TruncateResult(rows=3), "closed"),
        (CutAt(trigger=Trigger(sql=r"^\s*COMMIT")), "closed"),
        (DropMessage(), "TimeoutError"),
        (DropMessage(trigger=Trigger(message="DataRow")), "2 of 2 answers are wrong"),
        (DropMessage(trigger=Trigger(message="Execute")), "no result"),
        (DropMessage(trigger=Trigger(message="ReadyForQuery", state="in_transaction")), "TimeoutError"),
        (StallAt(), "TimeoutError"),
        (StallAt(trigger=Trigger(message="CommandComplete", sql="generate_series", direction="down"), both=False), "TimeoutError"),
    ],
    ids=str,
)
async def test_faults_on_messages_spoil_an_answer_and_the_next_is_right_when_healed(
    probe: EdgeAnswer, relay: Relay, fault: WireFault, told: str
) -> None:
    relay.arm(fault)
    look = await probe.look()
    assert not look.ok
    assert told in look.error
    relay.heal()
    assert (await probe.look()).ok


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_delay_is_in_the_time_that_a_right_answer_took(probe: EdgeAnswer, relay: Relay, direction: Direction) -> None:
    message = "Query" if direction == "up" else "ReadyForQuery"
    relay.arm(DelayMessage(trigger=Trigger(message=message, nth=1), delay=ms(150)))
    look = await probe.look()
    assert look.ok
    assert look.began_ns is not None
    assert now_ns() - look.began_ns >= ms(150).ns
