"""One experiment on the real rig, and the instrument's own honesty."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Callable
from typing import ClassVar

import pytest

from command_lines import words_of
from fraiseql_chaos.core import ms, now_ns, per_second, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, InternalError, RigError
from fraiseql_chaos.experiment import (
    Chaos,
    Experiment,
    Inconclusive,
    Laboratory,
    Load,
    Service,
    Title,
    run_experiment,
)
from fraiseql_chaos.history import FaultArmed, FaultHealed, GeneratorStalled, Operation
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.plan import Declaration, Window
from fraiseql_chaos.reference.operations import CREATE_USER, RING
from fraiseql_chaos.rig.keeper.processes import descendants
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.verdicts import availability, correct_results
from fraiseql_chaos.workload.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio


def _load(laboratory: Laboratory, service: Service, chaos: Chaos, name: str = "tests::experiment") -> Load:
    title = Title(experiment=name, title="A test.", claims=(), weakness=None, replay="none")
    return Load(laboratory, service, chaos, title)


async def test_a_fault_is_armed_seen_by_others_and_healed_in_its_window(laboratory: Laboratory, service: Service) -> None:
    chaos, late_ns = Chaos(), [0]
    # Whoever arms may be as much later as it stood still itself, and no more: on a busy machine, or while Python collected garbage.
    heart = Heartbeat(stalled=lambda _at_ns, by_ns: late_ns.append(by_ns), beaten=lambda: None)
    async with chaos(Latency(delay=ms(30)), on=service.database, between=(seconds(0.5), seconds(1.5))):
        recording = await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(2))
    heart.close()
    (fault,) = recording.history.faults
    assert isinstance(fault.armed, FaultArmed)
    assert isinstance(fault.healed, FaultHealed)
    paused_ns = sum(late_ns)
    assert 0.5e9 <= fault.armed.began_ns <= fault.armed.at_ns < 0.7e9 + paused_ns
    assert 1.5e9 <= fault.healed.began_ns <= fault.healed.at_ns < 1.7e9 + paused_ns
    assert fault.bit
    assert {evidence.witness for evidence in fault.evidence if not evidence.independent} == {"ledger of the edge"}


async def test_a_second_load_on_the_same_database_writes_nothing_that_is_there_already(laboratory: Laboratory, service: Service) -> None:
    """Of the same seed, as a replay on a database of the user's would be: what must be unique in a request is so in every load."""
    load = _load(laboratory, service, Chaos())
    for recording in [await load.open_loop(CREATE_USER, rate=per_second(50), lasting=ms(200)) for _ in range(2)]:
        assert [operation.outcome for operation in recording.history.operations] == ["ok"] * 10
        # Only this is asked: one of ten requests that left 25 ms late would be an unsound instrument, and is none of this test's business.
        assert correct_results().judge(recording.history).verdict == "held"


async def test_a_load_generator_that_was_frozen_makes_the_run_inconclusive_and_not_slow(laboratory: Laboratory, service: Service) -> None:
    """SIGSTOP for a second: what looks like a slow service was a stopped clock, and nothing may be concluded from it."""
    chaos = Chaos()
    load = _load(laboratory, service, chaos)
    running = asyncio.create_task(load.open_loop(service.reads, rate=per_second(50), lasting=seconds(3)))

    def generator() -> int | None:
        return next((pid for pid in descendants(os.getpid()) if b"fraiseql_chaos.workload.driver" in words_of(pid)), None)

    await wait_until(_sending(laboratory), within=seconds(20), what="the first answer")
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


def _sending(laboratory: Laboratory) -> Callable[[], bool]:
    """Return what tells whether an answer came in."""

    def sending() -> bool:
        histories = list(laboratory.folder.path.glob("histories/*.jsonl"))
        return bool(histories) and '"operation"' in histories[0].read_text()

    return sending


def _postmaster(service: Service) -> int:
    assert isinstance(service.deployment.server, Cluster), "the rig is one of ours"
    return service.deployment.server.postmaster.pid


def _proxy(service: Service) -> int:
    """Of this rig, and not of another that a fixture has up."""
    (proxy,) = service.deployment.rig.network.parts()
    return proxy.pid


@pytest.mark.parametrize(
    ("victim", "named"),
    [(_postmaster, "the PostgreSQL server ended although no fault asked for it"), (_proxy, "the edge proxy ended")],
    ids=["server", "proxy"],
)
async def test_a_part_of_the_rig_that_dies_is_not_blamed_on_the_service(
    laboratory: Laboratory, service: Service, victim: Callable[[Service], int], named: str
) -> None:
    """Under an armed fault, which is healed; the experiment is broken off without a verdict, and the next test has a rig that works."""
    chaos = Chaos()
    load = _load(laboratory, service, chaos)

    async def asked() -> None:
        async with chaos(Latency(delay=ms(5)), on=service.database, between=(seconds(0.1), seconds(8))):
            await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(9))

    running = asyncio.create_task(asked())
    await wait_until(_sending(laboratory), within=seconds(20), what="the first answer")
    os.kill(victim(service), signal.SIGKILL)
    with pytest.raises(RigError, match=f"{named}.*(?s:.*)nothing is concluded from it"):
        await running
    (history,) = laboratory.folder.path.glob("histories/*.jsonl")
    assert 0 < history.read_text().count('"type":"operation"') < 20 * 9, "broken off, not waited out"
    assert load.recordings == []

    renewed = await laboratory.deploy()
    recording = await _load(laboratory, renewed, Chaos(), "tests::next").open_loop(renewed.reads, rate=per_second(20), lasting=seconds(0.5))
    assert recording.metrics.overall.success_ratio == 1
    await renewed.close()


async def test_a_server_that_dies_when_the_last_answer_is_in_is_still_noticed(laboratory: Laboratory, service: Service) -> None:
    """Between two looks, where only the last one can see it: the death comes with the last line that the load writes."""
    seen: list[object] = []

    def observe(event: object) -> None:
        seen.append(event)
        if sum(isinstance(one, Operation) for one in seen) == 5 and isinstance(event, Operation):
            victim = os.pidfd_open(_postmaster(service))
            signal.pidfd_send_signal(victim, signal.SIGKILL)
            select.select([victim], [], [], 5)
            os.close(victim)

    experiment = Experiment(name="x", operations=service.reads, rate=per_second(50), lasting=seconds(0.1), declarations=(), seed=1, replay="none")
    with pytest.raises(RigError, match="the PostgreSQL server ended although no fault asked for it"):
        await run_experiment(experiment, service.deployment, laboratory.folder.history_path("x"), observe=observe)


async def test_a_server_that_a_fault_takes_away_is_no_broken_rig(laboratory: Laboratory, service: Service) -> None:
    """Killed with SIGKILL, on purpose, and started again: while that goes on, nobody looks for the server."""
    chaos = Chaos()
    async with chaos(Stop(mode="crash"), on=service.database, between=(seconds(0.3), seconds(0.8))):
        recording = await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(2))
    (fault,) = recording.history.faults
    assert fault.healed is not None
    assert fault.healed.error == ""


async def test_a_witness_that_nobody_plays_is_our_own_bug(laboratory: Laboratory, service: Service) -> None:
    """Its silence would be taken for a fault that did not bite."""

    class Seen(Latency):
        witnesses: ClassVar[tuple[str, ...]] = (*Latency.witnesses, "edge_roundtrip")

    chaos = Chaos()
    with pytest.raises(InternalError, match=r"'edge_roundtrip'.*nothing was armed"):
        async with chaos(Seen(delay=ms(5)), on=service.database, between=(seconds(0.1), seconds(0.2))):
            await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(0.5))


async def test_a_service_that_dies_is_noticed_and_named(laboratory: Laboratory, service: Service) -> None:
    chaos = Chaos()
    running = asyncio.create_task(_load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(20), lasting=seconds(1)))
    os.kill(service.deployment.service.child.pid, signal.SIGKILL)
    recording = await running
    with pytest.raises(AssertionError, match=r"(?s)violated.*SIGKILL"):
        recording.require()


async def test_a_fault_that_would_outlast_the_load_is_refused() -> None:
    late = Declaration(fault=Refuse(), target="database", window=Window(begin=seconds(1), end=seconds(3)))
    with pytest.raises(DeclarationError, match=r"'refuse' would heal at 3 s, but the load ends at 2 s.*nothing was armed"):
        Experiment(name="x", operations=RING, rate=per_second(10), lasting=seconds(2), declarations=(late,), seed=1, replay="none")


async def test_faults_that_exclude_each_other_are_refused_before_anything_is_touched(laboratory: Laboratory, service: Service) -> None:
    chaos = Chaos()
    between = (seconds(0.2), seconds(0.6))
    async with chaos(Refuse(), on=service.database, between=between), chaos(Latency(delay=ms(5)), on=service.database, between=between):
        with pytest.raises(DeclarationError, match="'latency' on the same target could not act"):
            await _load(laboratory, service, chaos).open_loop(service.reads, rate=per_second(10), lasting=seconds(1))
    assert list(laboratory.folder.path.glob("histories/*")) == []
