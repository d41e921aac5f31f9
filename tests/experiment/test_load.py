"""Every attempt of a load is kept, and each has a service of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraiseql_chaos.core import Rolls, ms, per_second, seconds
from fraiseql_chaos.experiment import Chaos, Inconclusive, Laboratory, Load, Service, Title
from fraiseql_chaos.history import FaultDeclared, FaultHit, LoadPlanned
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.scope import Scope

pytestmark = pytest.mark.anyio


async def test_another_attempt_gets_a_fresh_service_and_the_first_one_is_kept(laboratory: Laboratory, service: Service) -> None:
    """Disarmed, so that both attempts are inconclusive; the duration asked for replaces the declared one."""
    laboratory.settings = replace(laboratory.settings, duration=seconds(0.3), disarmed=True)
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="tests::twice", title="Twice.", claims=("1.1.1a",), weakness=None, replay="again"))
    urls = []
    for attempt in (1, 2):
        urls.append(service.url)
        async with chaos(Refuse(), on=service.database, between=(seconds(0.2), seconds(5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(5.2))
        with pytest.raises(Inconclusive):
            recording.require()
        (planned,) = recording.history.of(LoadPlanned)
        assert planned.lasting_ns == seconds(0.7).ns, "the fault was shortened from 4.8 s to 0.3 s, and the load by as much"
        if attempt == 1:
            await load.begin_again()
    (record,) = laboratory.folder.records()
    assert len(set(urls)) == 2
    assert [tried.verdict for tried in record.attempts] == ["inconclusive", "inconclusive"]
    assert len({tried.history for tried in record.attempts}) == 2
    assert all((laboratory.folder.path / tried.history).is_file() for tried in record.attempts)


async def test_another_attempt_throws_dice_of_its_own(laboratory: Laboratory, service: Service) -> None:
    """
    Which connections a fault hits that hits half of them, by its own record, is what the dice of that attempt say.

    The first one's dice are those of a run that needs no other. The delay is one with which the two attempts agree on one of the first twelve connections alone.
    """
    half = Latency(delay=ms(19.69), scope=Scope(toxicity=0.5))
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="tests::dice", title="Dice.", claims=(), weakness=None, replay="again"))
    for attempt in (1, 2):
        async with chaos(half, on=service.database, between=(seconds(0.2), seconds(1))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(1.1))
        (declared,) = recording.history.of(FaultDeclared)
        assert declared.dice.endswith("#0" if attempt == 1 else "#0/attempt 2")
        rolls = Rolls(laboratory.settings.seed, declared.dice, "toxicity")
        hit = {one.connection for one in recording.history.of(FaultHit) if one.connection is not None}
        assert hit
        assert [connection for connection in sorted(hit) if rolls[connection] >= 0.5] == []
        if attempt == 1:
            await load.begin_again()
