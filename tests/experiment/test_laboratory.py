"""Faults are declared before they are armed, and every attempt is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from fraiseql_chaos.core import per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Chaos, Inconclusive, Laboratory, LaboratorySettings, Load, RigSettings, Target, Title
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.reports import RunFolder

pytestmark = pytest.mark.anyio


@pytest.fixture
async def laboratory(tmp_path: Path) -> AsyncIterator[Laboratory]:
    folder = RunFolder.join(tmp_path / "run", seed=1, replay="none", started=datetime.now(UTC))
    settings = LaboratorySettings(rig=RigSettings(seed=1), seed=1, duration=seconds(0.3), disarmed=True)
    async with Laboratory(settings, folder) as laboratory:
        yield laboratory


async def test_a_fault_that_no_load_was_run_under_is_an_error() -> None:
    chaos = Chaos()
    with pytest.raises(DeclarationError, match="'refuse' was declared but never armed"):
        async with chaos(Refuse(), on=Target("database")):
            pass


async def test_a_fault_aims_at_a_target_and_not_at_a_name() -> None:
    with pytest.raises(DeclarationError, match=r"on='database' is nothing a fault can be aimed at; write on=service\.database; nothing was armed"):
        async with Chaos()(Refuse(), on=cast("Target", "database")):
            pass


async def test_another_attempt_gets_a_fresh_service_and_the_first_one_is_kept(laboratory: Laboratory) -> None:
    """Disarmed, so that both attempts are inconclusive; the duration asked for replaces the declared one."""
    service = await laboratory.deploy()
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="tests::twice", title="Twice.", claims=("1.1.1a",), weakness=None, replay="again"))
    urls = []
    for attempt in (1, 2):
        urls.append(service.url)
        async with chaos(Refuse(), on=service.database, between=(seconds(0.2), seconds(5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(5.2))
        with pytest.raises(Inconclusive):
            recording.require()
        assert recording.history.end_ns < seconds(3).ns, "stretched from 4.8 s to 0.3 s"
        if attempt == 1:
            await load.begin_again()
    (record,) = laboratory.folder.records()
    assert len(set(urls)) == 2
    assert [tried.verdict for tried in record.attempts] == ["inconclusive", "inconclusive"]
    assert len({tried.history for tried in record.attempts}) == 2
    assert all((laboratory.folder.path / tried.history).is_file() for tried in record.attempts)
