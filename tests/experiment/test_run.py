"""One experiment on the real rig, and the instrument's own honesty."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns, per_second, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Chaos, Experiment, Inconclusive, Laboratory, LaboratorySettings, Load, RigSettings, Service, Title
from fraiseql_chaos.history import FaultArmed, FaultHealed, GeneratorStalled
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.plan import Declaration, Window
from fraiseql_chaos.reports import RunFolder
from fraiseql_chaos.rig.keeper.processes import descendants
from fraiseql_chaos.verdicts import availability

pytestmark = pytest.mark.anyio


@pytest.fixture
async def laboratory(tmp_path: Path) -> AsyncIterator[Laboratory]:
    folder = RunFolder.join(tmp_path / "run", seed=1, replay="none", started=datetime.now(UTC))
    async with Laboratory(LaboratorySettings(rig=RigSettings(seed=1), seed=1), folder) as laboratory:
        yield laboratory


@pytest.fixture
async def service(laboratory: Laboratory) -> Service:
    return await laboratory.deploy()


def _load(laboratory: Laboratory, service: Service, chaos: Chaos) -> Load:
    title = Title(experiment="tests::experiment", title="A test.", claims=(), weakness=None, replay="none")
    return Load(laboratory, service, chaos, title)


async def test_a_fault_is_armed_seen_by_others_and_healed_in_its_window(laboratory: Laboratory, service: Service) -> None:
    chaos = Chaos()
    async with chaos(Latency(delay=ms(30)), on=service.database, between=(seconds(0.5), seconds(1.5))):
        recording = await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(2))
    (fault,) = recording.history.faults
    assert isinstance(fault.armed, FaultArmed)
    assert isinstance(fault.healed, FaultHealed)
    assert 0.5e9 <= fault.armed.began_ns <= fault.armed.at_ns < 0.7e9
    assert 1.5e9 <= fault.healed.began_ns <= fault.healed.at_ns < 1.7e9
    assert fault.bit
    assert {evidence.witness for evidence in fault.evidence if not evidence.independent} == {"ledger of the edge"}


async def test_a_load_generator_that_was_frozen_makes_the_run_inconclusive_and_not_slow(laboratory: Laboratory, service: Service) -> None:
    """SIGSTOP for a second: what looks like a slow service was a stopped clock, and nothing may be concluded from it."""
    chaos = Chaos()
    load = _load(laboratory, service, chaos)
    running = asyncio.create_task(load.open_loop(service.reads, rate=per_second(50), lasting=seconds(3)))

    def generator() -> int | None:
        arguments = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(os.getpid())}
        return next((pid for pid, words in arguments.items() if b"fraiseql_chaos.workload.driver" in words), None)

    def sending() -> bool:
        histories = list(laboratory.folder.path.glob("histories/*.jsonl"))
        return bool(histories) and '"operation"' in histories[0].read_text()

    await wait_until(sending, within=seconds(20), what="the first answer")
    pid = await wait_until(generator, within=seconds(20), what="the generator")
    os.kill(pid, signal.SIGSTOP)
    stopped_ns = now_ns()
    try:
        await wait_until(lambda: now_ns() - stopped_ns >= 1e9, within=seconds(2), what="the second that the claim is about")
    finally:
        os.kill(pid, signal.SIGCONT)
    recording = await running
    assert max(event.stall_ns for event in recording.history.of(GeneratorStalled)) >= 0.9e9
    with pytest.raises(Inconclusive, match="the load generator stood still"):
        recording.require(availability(at_least=0.99))


async def test_a_service_that_dies_is_noticed_and_named(laboratory: Laboratory, service: Service) -> None:
    chaos = Chaos()
    running = asyncio.create_task(_load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(1)))
    os.kill(service.deployment.service.child.pid, signal.SIGKILL)
    recording = await running
    with pytest.raises(AssertionError, match=r"(?s)violated.*SIGKILL"):
        recording.require()


def _experiment(*declarations: Declaration, service: Service) -> Experiment:
    return Experiment(name="x", operations=service.reads, rate=per_second(10), lasting=seconds(2), declarations=declarations, seed=1, replay="none")


async def test_a_fault_that_would_outlast_the_load_is_refused(service: Service) -> None:
    late = Declaration(fault=Refuse(), target="database", window=Window(begin=seconds(1), end=seconds(3)))
    with pytest.raises(DeclarationError, match=r"'refuse' would heal at 3 s, but the load ends at 2 s.*nothing was armed"):
        _experiment(late, service=service)


async def test_faults_that_exclude_each_other_are_refused_before_anything_is_touched(laboratory: Laboratory, service: Service) -> None:
    chaos = Chaos()
    between = (seconds(0.2), seconds(0.6))
    async with chaos(Refuse(), on=service.database, between=between), chaos(Latency(delay=ms(5)), on=service.database, between=between):
        with pytest.raises(DeclarationError, match="'latency' on the same target could not act"):
            await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(10), lasting=seconds(1))
    assert list(laboratory.folder.path.glob("histories/*")) == []
