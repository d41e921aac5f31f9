"""A real service and a real server in networks of their own: what crosses the link between them is lost, and they go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from fraiseql_chaos.core import Duration, per_second, seconds
from fraiseql_chaos.errors import CapabilityError, DeclarationError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.rig import Rig, RigSettings
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.history import Evidence, FaultHit, History
from fraiseql_chaos.layers.packet.faults import BitFlip, Loss, Partition
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.plan import Declaration, Fault, Window
from fraiseql_chaos.verdicts import availability, checksums_refused, correct_results, fault_observed, kernels_mended, no_hang

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=[False, True], ids=["plaintext", "TLS"])
async def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """One service for the whole module: what is broken here is the way, and it heals."""
    settings = RigSettings(seed=3, edge="packets", server_tls=request.param, logs=tmp_path_factory.mktemp("logs"))
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
        name="packets",
        operations=tuple(o for o in deployment.application.workload.operations if o.kind == "query"),
        rate=per_second(40),
        lasting=lasting,
        declarations=tuple(Declaration(fault=fault, target="database", window=window) for fault in faults),
        seed=11,
        replay="",
        disarmed=disarmed,
    )
    return await run_experiment(experiment, deployment, path / "history.jsonl")


def evidence(history: History) -> list[Evidence]:
    return [event for event in history.events if isinstance(event, Evidence)]


@pytest.mark.parametrize("fault", [Loss(rate=0.05), BitFlip(rate=0.05)], ids=["loss", "broken checksums"])
async def test_what_the_kernels_mend_costs_no_answer(deployment: Deployment, tmp_path: Path, fault: PacketFault) -> None:
    """Both ends' captures count what was asked for, the kernels send again, and every answer is right."""
    history = await run(deployment, tmp_path, fault)
    assert fault_observed(fault.kind).judge(history).verdict == "held", evidence(history)
    assert correct_results().judge(history).verdict == "held"
    assert availability(at_least=0.99).judge(history).verdict == "held"
    mended = kernels_mended().judge(history)
    assert mended.verdict == "held", mended.statement
    refused = checksums_refused().judge(history)
    assert refused.verdict == ("held" if fault.kind == "bit_flip" else "inconclusive"), refused.statement
    hits = [event for event in history.events if isinstance(event, FaultHit)]
    assert hits
    assert all(hit.flow and hit.connection is None for hit in hits)


async def test_a_link_that_was_asked_for_nothing_shows_no_fault(deployment: Deployment, tmp_path: Path) -> None:
    """The negative control: everything goes through the motions, and nobody can bear witness."""
    history = await run(deployment, tmp_path, Loss(rate=0.05), disarmed=True)
    assert fault_observed("loss").judge(history).verdict != "held"
    assert kernels_mended().judge(history).verdict == "inconclusive"


async def test_what_no_checksum_shows_reaches_clients_as_data_unless_tls_is_spoken(deployment: Deployment, tmp_path: Path) -> None:
    """
    One bit of every fifth long answer of the server's is flipped and the checksums made right again, as a faulty router does.

    In the clear some of it is handed on as a right answer; over TLS it breaks connections, and not one answer is wrong.
    """
    bent = BitFlip(rate=0.2, checksum="repaired", where="payload", direction="down", match=Match(tcp="data", size_at_least=600))
    history = await run(deployment, tmp_path, bent, lasting=seconds(8))
    assert fault_observed("bit_flip").judge(history).verdict == "held", evidence(history)
    speaks_tls = "verify-ca" in deployment.database_url
    assert correct_results().judge(history).verdict == ("held" if speaks_tls else "violated")
    assert kernels_mended().judge(history).verdict == "violated", "what looks right is never sent again"
    assert checksums_refused().judge(history).verdict == "inconclusive"


async def test_a_full_partition_is_seen_and_healed(deployment: Deployment, tmp_path: Path) -> None:
    history = await run(deployment, tmp_path, Partition(how="reset"), lasting=seconds(8))
    assert fault_observed("partition").judge(history).verdict == "held", evidence(history)
    assert no_hang(within=seconds(1)).judge(history).verdict == "violated", "stock requests wait for the pool (W-001)"


async def test_the_server_sees_the_service_come_from_the_other_network(deployment: Deployment) -> None:
    link = deployment.way.link
    assert link is not None
    query = "SELECT host(client_addr), ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE datname = %s AND client_addr IS NOT NULL"
    async with await psycopg.AsyncConnection.connect(deployment.server.control_dsn()) as control:
        seen = set(await (await control.execute(query, (deployment.database,))).fetchall())
    assert seen == {(str(link.ends.near.ipv4), "verify-ca" in deployment.database_url)}


async def test_a_fault_of_the_stream_has_no_place_on_a_link(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"refuse needs a proxy.*nothing was armed"):
        await run(deployment, tmp_path, Refuse())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"edge": "packets", "dsn": "postgresql:///x"}, "needs a server of our own.*nothing was started"),
        ({"edge": "packets", "edge_tls": True}, "edge_tls needs a proxy.*nothing was started"),
        ({"server_tls": True, "dsn": "postgresql:///x"}, "server_tls is for a server of our own.*nothing was started"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        RigSettings(seed=1, **settings)  # type: ignore[arg-type]  # each by its name


async def test_witnesses_that_cannot_look_inside_are_missed_before_anything_is_armed(tmp_path: Path) -> None:
    """With a proxy in the service's own network, a client of this machine's could not reach it."""
    try:
        rig = await Rig.start(RigSettings(seed=1, edge="both", logs=tmp_path / "logs"))
    except CapabilityError as missing:
        pytest.skip(str(missing))
    try:
        deployment = await rig.deploy()
        with pytest.raises(CapabilityError, match=r"cannot reach a proxy in the service's own network.*nothing was armed"):
            await run(deployment, tmp_path, Refuse())
        await deployment.close()
    finally:
        await rig.close()
