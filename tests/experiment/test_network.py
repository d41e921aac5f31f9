"""A real service and a real server in networks of their own: what crosses the link between them is lost, and they go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import dpkt
import psycopg
import pytest

from fraiseql_chaos.core import Duration, ms, per_second, seconds, wait_until
from fraiseql_chaos.errors import CapabilityError, DeclarationError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.network import choose_mechanism, start_forwarder
from fraiseql_chaos.experiment.rig import Rig, RigSettings
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.history import Evidence, FaultHit, History, Sample
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import Mechanism
from fraiseql_chaos.layers.packet.faults import BitFlip, Duplicate, Loss, Partition, Reorder
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.plan import Declaration, Fault, Window
from fraiseql_chaos.reference.operations import CREATE_USER, OPERATIONS, READ_USERS
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.verdicts import (
    availability,
    checksums_refused,
    correct_results,
    fault_observed,
    kernels_mended,
    no_data_loss,
    no_duplicates,
    no_hang,
)
from fraiseql_chaos.workload.model import GraphQLOperation

pytestmark = pytest.mark.anyio


READS = tuple(operation for operation in OPERATIONS if operation.kind == "query")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=[False, True], ids=["plaintext over IPv4", "TLS over IPv6"])
async def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """One service for the whole module: what is broken here is the way, and it heals."""
    settings = RigSettings(seed=3, edge="packets", server_tls=request.param, ipv6=request.param, logs=tmp_path_factory.mktemp("logs"))
    try:
        rig = await Rig.start(settings)
    except CapabilityError as missing:
        pytest.skip(str(missing))
    try:
        try:
            deployed = await rig.deploy()
        except CapabilityError as missing:
            pytest.skip(str(missing))
        yield deployed
    finally:
        await rig.close()


async def run(
    deployment: Deployment,
    path: Path,
    *faults: Fault,
    disarmed: bool = False,
    operations: Sequence[GraphQLOperation] = READS,
    lasting: Duration = seconds(4),
    pcaps: Path | None = None,
) -> History:
    window = Window(begin=seconds(1), end=seconds(3))
    experiment = Experiment(
        name="packets",
        operations=tuple(operations),
        rate=per_second(40),
        lasting=lasting,
        declarations=tuple(Declaration(fault=fault, target="database", window=window) for fault in faults),
        seed=11,
        replay="",
        disarmed=disarmed,
    )
    return await run_experiment(experiment, deployment, path / "history.jsonl", pcaps=pcaps)


def evidence(history: History) -> list[Evidence]:
    return [event for event in history.events if isinstance(event, Evidence)]


MENDED: dict[str, tuple[PacketFault, tuple[str, ...]]] = {
    "loss": (Loss(rate=0.05), ("near.TcpRetransSegs", "far.TcpRetransSegs")),
    "duplicates": (
        Duplicate(rate=0.05),
        ("near.TcpExtTCPDSACKRecv", "far.TcpExtTCPDSACKRecv", "near.TcpExtTCPDSACKOldSent", "far.TcpExtTCPDSACKOldSent"),
    ),
    "another order": (
        Reorder(rate=0.2, delay=ms(5)),
        ("near.TcpExtTCPOFOQueue", "far.TcpExtTCPOFOQueue", "near.TcpExtTCPSACKReorder", "far.TcpExtTCPSACKReorder"),
    ),
    "broken checksums": (BitFlip(rate=0.05), ("near.TcpInCsumErrors", "far.TcpInCsumErrors")),
}
"""Each fault, and counters of the two kernels of which one at least cannot stand still if it is real."""

LISTS_AND_WRITES = (READ_USERS, CREATE_USER)
"""
Answers of many segments, and writes.

Of one segment none can be overtaken by another of its stream. With all operations taking turns seven lists were asked for under a fault, so two or five segments
were overtaken, and in some orders of the packets none; of forty, none are in one order in 500 000.
"""

UNTIL_SENT_AGAIN = {"loss": seconds(6.5), "broken checksums": seconds(6.5)}
"""How long the load lasts where segments are torn: a handshake that was lost twice is made again 2 s later, and data that follow a repeated one after 3 s."""


@pytest.mark.parametrize("kind", MENDED)
async def test_what_the_kernels_mend_costs_no_answer(deployment: Deployment, tmp_path: Path, kind: str) -> None:
    """
    Both ends' captures count what was asked for, both kernels' counters move, every answer is right, and every write is there once.

    Method: queries and mutations at 40/s for 4 s, or until whatever was torn has been sent again; the fault acts from 1 s to 3 s.
    """
    fault, counters = MENDED[kind]
    await end_orphans(deployment)
    history = await run(deployment, tmp_path, fault, operations=LISTS_AND_WRITES, lasting=UNTIL_SENT_AGAIN.get(kind, seconds(4)))
    assert fault_observed(fault.kind).judge(history).verdict == "held", evidence(history)
    for expectation in (kernels_mended(), correct_results(), no_data_loss(), no_duplicates(), availability(at_least=0.99)):
        assert expectation.judge(history).verdict == "held", expectation.judge(history).statement
    refused = checksums_refused().judge(history)
    assert refused.verdict == ("held" if fault.kind == "bit_flip" else "inconclusive"), refused.statement
    assert grown(history, counters) > 0
    hits = [event for event in history.events if isinstance(event, FaultHit)]
    assert hits
    assert all(hit.flow and hit.connection is None for hit in hits)


async def end_orphans(deployment: Deployment) -> None:
    """
    End the sessions at work while nothing is asked: a partition left them, whose clients the server never heard of again, and they would be counted as being at work.

    Not the idle ones: each is a dead connection in the service's pool then, of which a request finds one after 1, 2, 4, 8 s, and gives up after 30.
    """
    at_work = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' AND state <> 'idle'"
    async with await psycopg.AsyncConnection.connect(deployment.server.control_dsn(), autocommit=True) as control:
        orphans = [pid for (pid,) in await (await control.execute(at_work, (deployment.database,))).fetchall()]
    await deployment.server.terminate_backends(orphans, database=deployment.database)


async def test_what_crosses_a_link_is_kept_on_request_also_without_a_fault_and_others_can_read_it(deployment: Deployment, tmp_path: Path) -> None:
    """Method: dpkt, which knows nothing of us, finds the service's TCP in both files, and what left the one end in the other."""
    history = await run(deployment, tmp_path, pcaps=tmp_path / "pcaps" / "kept")
    (kept,) = history.samples("link_pcap")
    near, far = (read_by_dpkt(tmp_path / "pcaps" / str(kept.value[end])) for end in ("near", "far"))
    assert [path.name for path in sorted((tmp_path / "pcaps").iterdir())] == ["kept.far.pcap", "kept.near.pcap"]
    assert (kept.ok, kept.value["packets"], kept.value["not_kept"]) == (True, len(near) + len(far), 0)
    # The two ends begin and end one after the other, so what crossed just then may be in one file alone.
    begin_s, end_s = (choose(packets[place][0] for packets in (near, far)) for choose, place in ((max, 0), (min, -1)))
    asked = [raw for at_s, kind, raw in near if kind == SENT and begin_s + EDGE_S < at_s < end_s - EDGE_S]
    assert len(asked) > 100
    assert set(asked) - {raw for _, kind, raw in far if kind != SENT} == set()
    assert any(isinstance(ip.data, dpkt.tcp.TCP) and deployment.server.port == ip.data.dport for ip in map(packet_by_dpkt, asked))


async def test_nothing_is_kept_that_nobody_asked_for(deployment: Deployment, tmp_path: Path) -> None:
    history = await run(deployment, tmp_path, Loss(rate=0.05))
    assert history.samples("link_pcap") == ()
    assert list(tmp_path.rglob("*.pcap")) == []
    assert list(deployment.directory.rglob("*.pcap")) == []
    ways = next(e.counted["ways"] for e in evidence(history) if e.counted)
    assert isinstance(ways, dict)
    assert ways.keys() == {"up", "down"}


def packet_by_dpkt(raw: bytes) -> dpkt.ip.IP | dpkt.ip6.IP6:
    """Return a packet, whichever version of IP it is of."""
    return dpkt.ip6.IP6(raw) if raw[0] >> 4 == 6 else dpkt.ip.IP(raw)


SENT = 4
"""What a cooked head says of a packet that the capturing kernel sent."""


EDGE_S = 0.5
"""How far from the begin and the end of a file a packet is that must be in the other too."""


def read_by_dpkt(path: Path) -> list[tuple[float, int, bytes]]:
    """Return when each packet of a file was seen, whether it was sent or received, and the packet itself."""
    with path.open("rb") as file:
        cooked = [(float(at_s), dpkt.sll.SLL(frame)) for at_s, frame in dpkt.pcap.Reader(file)]
    return [(at_s, each.type, bytes(each)[16:]) for at_s, each in cooked]


def grown(history: History, counters: tuple[str, ...]) -> int:
    """Return by how much these counters grew between the first look of the run and the last."""
    looks = [event.value for event in history.events if isinstance(event, Sample) and event.probe == "link_kernels"]
    return sum(int(str(looks[-1][name])) - int(str(looks[0][name])) for name in counters)


async def test_a_link_that_was_asked_for_nothing_shows_no_fault(deployment: Deployment, tmp_path: Path) -> None:
    """The negative control: everything goes through the motions, and nobody can bear witness."""
    history = await run(deployment, tmp_path, Loss(rate=0.05), disarmed=True)
    assert fault_observed("loss").judge(history).verdict != "held"
    assert kernels_mended().judge(history).verdict == "inconclusive"
    # The other counters may move on a machine that stands still for longer than a retransmission's timeout; test_acceptance.py has them in a shorter run.
    assert grown(history, MENDED["broken checksums"][1]) == 0


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
    async with await psycopg.AsyncConnection.connect(deployment.server.control_dsn(), autocommit=True) as control:

        async def sessions() -> set[tuple[object, ...]]:
            return set(await (await control.execute(query, (deployment.database,))).fetchall())

        # What another test has broken, the service's pool makes again in its own time.
        seen = await wait_until(sessions, within=seconds(60), what="a session of the service")
    speaks_tls = "verify-ca" in deployment.database_url
    assert seen == {(str(link.ends.near.ipv6 if speaks_tls else link.ends.near.ipv4), speaks_tls)}


async def test_a_fault_of_the_stream_has_no_place_on_a_link(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"refuse needs a proxy.*nothing was armed"):
        await run(deployment, tmp_path, Refuse())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"edge": "packets", "dsn": "postgresql:///x"}, "needs a server of our own.*nothing was started"),
        ({"edge": "packets", "edge_tls": True}, "edge_tls needs a proxy.*nothing was started"),
        ({"ipv6": True}, "ipv6 is for a link.*nothing was started"),
        ({"server_tls": True, "dsn": "postgresql:///x"}, "server_tls is for a server of our own.*nothing was started"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        RigSettings(seed=1, **settings)  # type: ignore[arg-type]  # each by its name


HIDDEN = """
import sys
from fraiseql_chaos.layers.packet.driver.process import run
sys.argv[1:] = ["--control", {path!r}]
run("without TUN devices")
"""


def test_who_carries_packets_is_chosen_by_what_works(tmp_path: Path) -> None:
    """Method: real forwarders, one of them where nobody finds a TUN device; then netem is taken, or missed beside it."""
    with Keeper.start() as keeper:
        _, links = start_forwarder(keeper)
        try:
            links.namespaces()
        except CapabilityError as missing:
            pytest.skip(str(missing))
        assert choose_mechanism(links, None) == "tun"
        assert choose_mechanism(links, "tun") == "tun"
        has_netem = works(links, "netem")
        if not has_netem:
            with pytest.raises(CapabilityError, match=r"link=netem was asked for \(--chaos-link\).*no sch_netem.*modprobe sch_netem"):
                choose_mechanism(links, "netem")
    path, program = tmp_path / "hidden.sock", tmp_path / "hidden.py"
    program.write_text(HIDDEN.format(path=str(path)))
    hide_and_run = ["sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh", sys.executable, str(program)]
    process = subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", *hide_and_run])
    try:
        hidden = LinkControl(path)
        hidden.wait_ready(seconds(10))
        if has_netem:
            assert choose_mechanism(hidden, None) == "netem"
        else:
            with pytest.raises(CapabilityError, match=r"no packet link can be made here; tun: .*/dev/net/tun.*; netem: .*sch_netem"):
                choose_mechanism(hidden, None)
    finally:
        process.kill()
        process.wait()


def works(links: LinkControl, mechanism: Mechanism) -> bool:
    try:
        links.check(mechanism)
    except CapabilityError:
        return False
    return True


async def test_a_rig_that_cannot_have_the_link_that_was_asked_for_does_not_start(tmp_path: Path) -> None:
    with Keeper.start() as keeper:
        has_netem = works(start_forwarder(keeper)[1], "netem")
    if has_netem:
        pytest.skip("this kernel has netem, so nothing can be missing")
    with pytest.raises(CapabilityError, match="link=netem was asked for"):
        await Rig.start(RigSettings(seed=1, edge="packets", link="netem", logs=tmp_path / "logs"))
