"""
A proxy and a link on one way: what bends messages and what bends packets act together, and each has its own witnesses.

The proxy stands in the service's network, where nobody else reaches it; so whoever bears witness as its client lives there too.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from command_lines import words_of
from fraiseql_chaos.core import Duration, ms, per_second, seconds, wait_until
from fraiseql_chaos.errors import CapabilityError, RigError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.rig import Rig, RigSettings
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.history import Evidence, FaultArmed, History, Sample
from fraiseql_chaos.layers.packet.faults import Loss, PacketDelay
from fraiseql_chaos.layers.stream.faults import Latency, Refuse, Slicer
from fraiseql_chaos.layers.wire.faults import AnswerError, CutAt, TruncateResult
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Declaration, Fault, Window
from fraiseql_chaos.rig.keeper.processes import descendants
from fraiseql_chaos.verdicts import availability, correct_results, fault_observed

pytestmark = pytest.mark.anyio

SPOKEN = {"plaintext": False, "TLS that ends at the proxy": True}

WIRE_FAULTS = {
    "edge_answer": TruncateResult(rows=1, then="complete", trigger=Trigger(message="DataRow", probability=0.6)),
    "edge_login": AnswerError(sqlstate="53300", trigger=Trigger(message="StartupMessage")),
    "server_log": AnswerError(sqlstate="40001", trigger=Trigger(sql="^SELECT", probability=0.2)),
    "server_sessions": CutAt(trigger=Trigger(sql="^SELECT", nth=2)),
}
"""
By one of the witnesses that each has.

The witness asks ten times two questions while a fault is armed, and which are hit depends on how many connections were made before, so on the order
of the tests: with 0.3 one order in a hundred would leave it a single wrong answer or none, with 0.6 one in a million.
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=list(SPOKEN.values()), ids=list(SPOKEN))
async def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """One service for the whole module: what is broken here is the way, and it heals."""
    settings = RigSettings(seed=3, edge="both", edge_tls=request.param, server_tls=request.param, logs=tmp_path_factory.mktemp("logs"))
    try:
        rig = await Rig.start(settings)
    except CapabilityError as missing:
        pytest.skip(str(missing))
    try:
        yield await rig.deploy()
    finally:
        await rig.close()


async def run(deployment: Deployment, path: Path, *faults: Fault, disarmed: bool = False, lasting: Duration = seconds(4)) -> History:
    window = Window(begin=seconds(1), end=seconds(3))
    experiment = Experiment(
        name="both",
        operations=tuple(o for o in deployment.application.workload.operations if o.kind == "query"),
        rate=per_second(40),
        lasting=lasting,
        declarations=tuple(Declaration(fault=fault, target="database", window=window) for fault in faults),
        seed=11,
        replay="",
        disarmed=disarmed,
    )
    history = await run_experiment(experiment, deployment, path / "history.jsonl")
    assert inside_processes() == [], "who looked from inside is gone with the experiment"
    return history


def inside_processes() -> list[int]:
    """Return the processes of ours that look from inside."""
    return [pid for pid in descendants(os.getpid()) if b"fraiseql_chaos.probes.inside" in words_of(pid)]


def evidence(history: History) -> list[Evidence]:
    return [event for event in history.events if isinstance(event, Evidence)]


async def test_messages_are_late_and_packets_are_lost_at_once(deployment: Deployment, tmp_path: Path) -> None:
    """Both are observed, each by witnesses of its own, and every answer is right."""
    history = await run(deployment, tmp_path, Latency(delay=ms(50)), Loss(rate=0.05))
    for kind in ("latency", "loss"):
        assert fault_observed(kind).judge(history).verdict == "held", evidence(history)
    assert correct_results().judge(history).verdict == "held"
    assert availability(at_least=0.99).judge(history).verdict == "held"
    samples = [event for event in history.events if isinstance(event, Sample)]
    armed = next(event for event in history.events if isinstance(event, FaultArmed))
    before = [sample for sample in samples if sample.probe == "edge_round_trip" and sample.at_ns < armed.began_ns]
    assert before
    assert all(sample.ok for sample in before), "in health the client inside is answered"
    paths = [sample.value for sample in samples if sample.probe == "service_path"]
    assert max(int(str(path["through_edge"])) for path in paths) > 0
    assert {path["around_edge"] for path in paths} == {0}, "the proxy crosses the link, the service does not"


@pytest.mark.parametrize("fault", WIRE_FAULTS.values(), ids=WIRE_FAULTS.keys())
async def test_a_fault_on_messages_acts_while_packets_are_late(deployment: Deployment, tmp_path: Path, fault: Fault) -> None:
    history = await run(deployment, tmp_path, fault, PacketDelay(delay=ms(5)))
    for kind in (fault.kind, "packet_delay"):
        assert fault_observed(kind).judge(history).verdict == "held", evidence(history)


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_segments_are_counted_at_both_ends_also_behind_the_link(deployment: Deployment, tmp_path: Path, direction: str) -> None:
    """The server's end is in a network that is neither ours nor the proxy's, and its own kernel is asked."""
    history = await run(deployment, tmp_path, Slicer(average_bytes=200, direction=direction))  # type: ignore[arg-type]  # one of the two
    assert fault_observed("slicer").judge(history).verdict == "held", evidence(history)


async def test_a_proxy_that_is_not_there_is_seen_from_inside(deployment: Deployment, tmp_path: Path) -> None:
    history = await run(deployment, tmp_path, Refuse(), lasting=seconds(9))
    assert fault_observed("refuse").judge(history).verdict == "held", evidence(history)


async def test_a_fault_of_packets_alone_needs_nobody_inside(deployment: Deployment, tmp_path: Path) -> None:
    history = await run(deployment, tmp_path, Loss(rate=0.05))
    assert fault_observed("loss").judge(history).verdict == "held", evidence(history)


async def test_what_was_asked_for_nothing_shows_no_fault(deployment: Deployment, tmp_path: Path) -> None:
    """The negative control: everybody looks, from inside too, and nobody can bear witness."""
    history = await run(deployment, tmp_path, Latency(delay=ms(50)), Loss(rate=0.05), disarmed=True)
    assert any(isinstance(event, Sample) and event.probe == "edge_round_trip" for event in history.events)
    for kind in ("latency", "loss"):
        assert fault_observed(kind).judge(history).verdict == "inconclusive"


async def test_an_experiment_whose_witnesses_are_killed_is_broken_off(deployment: Deployment, tmp_path: Path) -> None:
    """Not silence, and no verdict: an error that names who was lost; and the next experiment on the same service has its witnesses."""
    running = asyncio.create_task(run(deployment, tmp_path, Latency(delay=ms(20)), Loss(rate=0.02)))
    history = tmp_path / "history.jsonl"
    await wait_until(lambda: history.exists() and '"edge_round_trip"' in history.read_text(), within=seconds(30), what="a look from inside")
    (witness,) = inside_processes()
    os.kill(witness, signal.SIGKILL)
    with pytest.raises(RigError, match=r"the process of the clients inside ended \(status -9\).*nothing is concluded from it"):
        await running
    assert '"type":"end"' not in history.read_text()
    again = tmp_path / "again"
    again.mkdir()
    assert fault_observed("latency").judge(await run(deployment, again, Latency(delay=ms(50)))).verdict == "held"


async def test_the_server_sees_the_proxy_come_from_the_services_network(deployment: Deployment) -> None:
    link = deployment.way.link
    assert link is not None
    query = "SELECT host(client_addr), ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE datname = %s AND client_addr IS NOT NULL"
    async with await psycopg.AsyncConnection.connect(deployment.server.control_dsn(), autocommit=True) as control:

        async def sessions() -> set[tuple[object, ...]]:
            return set(await (await control.execute(query, (deployment.database,))).fetchall())

        # What another test has broken, the service's pool makes again in its own time.
        seen = await wait_until(sessions, within=seconds(60), what="a session of the service")
    assert seen == {(str(link.ends.near.ipv4), "verify-full" in deployment.database_url)}
