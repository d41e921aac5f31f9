"""Every attempt of a load is kept, and each has a service of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraiseql_chaos.core import per_second, seconds
from fraiseql_chaos.experiment import Chaos, Inconclusive, Laboratory, Load, Service, Title
from fraiseql_chaos.history import FaultDeclared, LoadPlanned
from fraiseql_chaos.layers.stream.faults import Refuse

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
    """The first attempt's are those of a run that needs no other."""
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="tests::dice", title="Dice.", claims=(), weakness=None, replay="again"))
    told = []
    for attempt in (1, 2):
        async with chaos(Refuse(), on=service.database, between=(seconds(0.2), seconds(0.3))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(0.4))
        (declared,) = recording.history.of(FaultDeclared)
        told.append(declared.dice)
        if attempt == 1:
            await load.begin_again()
    assert told == ["database/refuse{}#0", "database/refuse{}#0/attempt 2"]
