"""An edge that reads PostgreSQL, as a process of its own between a real client and a real server: in the clear, past TLS, and where TLS ends."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fraiseql_chaos.core import ms, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.control import EdgeControl, Protocol
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.model import StreamFault, TcpAddress
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.wire.authority import Authority
from fraiseql_chaos.layers.wire.faults import AnswerError, CutAt, DelayMessage, DropMessage
from fraiseql_chaos.layers.wire.ledger import Incident, WireRecord, record_from_json
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.rig.postgres import Cluster

pytestmark = pytest.mark.anyio

FAILS = AnswerError(sqlstate="40001", trigger=Trigger(sql="^SELECT 41"))


@pytest.fixture
def control(tmp_path: Path) -> Iterator[EdgeControl]:
    command = [sys.executable, "-m", "fraiseql_chaos.layers.wire.driver", "--control", str(tmp_path / "control")]
    with subprocess.Popen(command) as process:
        try:
            control = EdgeControl(tmp_path / "control")
            control.wait_ready(seconds(10))
            yield control
        finally:
            process.kill()


def opened(control: EdgeControl, cluster: Cluster, protocol: Protocol) -> TcpAddress:
    return control.open("database", upstream=TcpAddress(host="127.0.0.1", port=cluster.port), seed=1, protocol=protocol)


def record(control: EdgeControl) -> WireRecord:
    return record_from_json(control.record("database"))


async def connect(cluster: Cluster, database: str, address: TcpAddress, **words: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
    dsn = make_conninfo(cluster.dsn(database, via=(address.host, address.port)), connect_timeout=10, **words)
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True)


async def test_a_message_of_a_warm_connection_is_hit_and_the_others_are_not(control: EdgeControl, cluster: Cluster, database: str) -> None:
    """The statement was prepared before the fault was armed, and is known by its text all the same."""
    async with await connect(cluster, database, opened(control, cluster, "postgresql")) as client:
        for _ in range(3):
            await client.execute("SELECT 41 WHERE %s", (True,), prepare=True)
        control.arm("database", "fails", FAILS)
        assert await (await client.execute("SELECT 42")).fetchone() == (42,)
        with pytest.raises(psycopg.errors.SerializationFailure):
            await client.execute("SELECT 41 WHERE %s", (True,), prepare=True)
        control.heal("database", "fails")
        assert await (await client.execute("SELECT 41 WHERE %s", (True,), prepare=True)).fetchone() == (41,)
    (incident,) = record(control).incidents
    assert (incident.fault_id, incident.answered) == ("fails", "40001")
    assert incident.sql == "SELECT 41 WHERE $1"


async def test_a_fault_of_the_stream_bends_what_the_reader_lets_through(control: EdgeControl, cluster: Cluster, database: str) -> None:
    async with await connect(cluster, database, opened(control, cluster, "postgresql")) as client:
        control.arm("database", "late", Latency(delay=seconds(0.05)))
        control.arm("database", "fails", FAILS)
        with pytest.raises(psycopg.errors.SerializationFailure):
            await client.execute("SELECT 41")
        assert await (await client.execute("SELECT 42")).fetchone() == (42,)
    assert control.ledger("database").hits["late"]["delayed"] >= 2


async def test_garbage_is_cut_and_the_ledger_says_so(control: EdgeControl, cluster: Cluster) -> None:
    address = opened(control, cluster, "postgresql")
    with socket.create_connection((address.host, address.port), 10) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(1) == b""
    assert record(control).unreadable == 1


@pytest.mark.parametrize("mode", ["verify-full", "require"])
async def test_where_tls_ends_messages_are_read_and_the_edge_is_vouched_for(
    control: EdgeControl, cluster: Cluster, database: str, tmp_path: Path, mode: str
) -> None:
    address = opened(control, cluster, "postgresql-tls")
    (root := tmp_path / "root.crt").write_text(control.certificate("database"))
    async with await connect(cluster, database, address, sslmode=mode, sslrootcert=str(root)) as client:
        assert client.pgconn.ssl_in_use
        control.arm("database", "fails", FAILS)
        rows = await (await client.execute("SELECT n FROM numbers ORDER BY n")).fetchall()
        assert rows == [(n,) for n in range(1, 1001)]
        with pytest.raises(psycopg.errors.SerializationFailure):
            await client.execute("SELECT 41")
    assert record(control).unreadable == 0


async def test_who_is_not_vouched_for_is_not_trusted(control: EdgeControl, cluster: Cluster, database: str, tmp_path: Path) -> None:
    address = opened(control, cluster, "postgresql-tls")
    (root := tmp_path / "root.crt").write_text(Authority().root)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        await connect(cluster, database, address, sslmode="verify-full", sslrootcert=str(root))


async def test_a_client_without_tls_is_let_in_where_tls_may_end(control: EdgeControl, cluster: Cluster, database: str) -> None:
    async with await connect(cluster, database, opened(control, cluster, "postgresql-tls"), sslmode="disable") as client:
        assert not client.pgconn.ssl_in_use
        assert await (await client.execute("SELECT 42")).fetchone() == (42,)


async def test_a_server_without_tls_ends_a_connection_that_must_have_it(control: EdgeControl, cluster: Cluster, database: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        await connect(cluster, database, opened(control, cluster, "postgresql-tls-both"), sslmode="require")


async def test_what_is_encrypted_past_the_edge_can_be_made_late_but_not_read(control: EdgeControl, cluster: Cluster, database: str) -> None:
    """Method: an edge where TLS ends stands for a server that speaks it, and the edge under test is in front of that one."""
    behind = opened(control, cluster, "postgresql-tls")
    address = control.open("in front", upstream=behind, seed=1, protocol="postgresql")
    async with await connect(cluster, database, address, sslmode="require") as client:
        assert client.pgconn.ssl_in_use
        with pytest.raises(DeclarationError, match=r"1 of 1 connections through this edge are encrypted past it.*nothing was armed"):
            control.arm("in front", "cut", CutAt(trigger=Trigger()))
        control.arm("in front", "late", Latency(delay=seconds(0.02)))
        assert await (await client.execute("SELECT 42")).fetchone() == (42,)
        assert control.ledger("in front").hits["late"]["delayed"] > 0

    async def is_forgotten() -> bool:
        return control.ledger("in front").connections_open == 0

    await wait_until(is_forgotten, within=seconds(10), what="the end of the connection")
    control.arm("in front", "cut", CutAt(trigger=Trigger()))


async def test_tls_begins_again_towards_a_server_that_speaks_it(control: EdgeControl, cluster: Cluster, database: str) -> None:
    behind = opened(control, cluster, "postgresql-tls")
    address = control.open("in front", upstream=behind, seed=1, protocol="postgresql-tls-both")
    async with await connect(cluster, database, address, sslmode="require") as client:
        control.arm("in front", "fails", FAILS)
        with pytest.raises(psycopg.errors.SerializationFailure):
            await client.execute("SELECT 41")
        assert await (await client.execute("SELECT repeat('x', 300000)")).fetchone() == ("x" * 300_000,)


async def test_a_plain_edge_refuses_faults_on_messages(control: EdgeControl, cluster: Cluster) -> None:
    opened(control, cluster, "bytes")
    with pytest.raises(DeclarationError, match="cut_at is placed on messages, and this edge reads none of what passes"):
        control.arm("database", "cut", CutAt(trigger=Trigger()))


BY_CHANCE: dict[str, StreamFault] = {
    "late": Latency(delay=ms(1), jitter=ms(1), direction="up", scope=Scope(toxicity=0.5)),
    "later": DelayMessage(delay=ms(2), jitter=ms(1), trigger=Trigger(message="CommandComplete", probability=0.5)),
    "fails": AnswerError(sqlstate="40001", trigger=Trigger(sql="^SELECT 41", probability=0.5)),
}
NEIGHBOURS: dict[str, StreamFault] = {
    "down": Latency(delay=ms(1), jitter=ms(1), scope=Scope(toxicity=0.5)),
    "unheard": DropMessage(trigger=Trigger(message="NoticeResponse", probability=0.5)),
}


async def decided(
    control: EdgeControl, cluster: Cluster, database: str, edge: str, faults: dict[str, StreamFault], *, seed: int
) -> list[Hit | Incident]:
    """Hold the same conversation through an edge of its own, and return all that ``BY_CHANCE`` decided about it, but for when."""
    upstream = TcpAddress(host="127.0.0.1", port=cluster.port)
    address = control.open(edge, upstream=upstream, seed=seed, protocol="postgresql")
    for fault_id, fault in faults.items():
        control.arm(edge, fault_id, fault)
    for _ in range(6):
        async with await connect(cluster, database, address) as client:
            for _ in range(5):
                with contextlib.suppress(psycopg.errors.SerializationFailure):
                    await client.execute("SELECT 41")
    hits = [hit._replace(at_ns=0) for hit in control.hits(edge) if hit.fault_id in BY_CHANCE]
    incidents = [dataclasses.replace(i, at_ns=0) for i in record_from_json(control.record(edge)).incidents if i.fault_id in BY_CHANCE]
    control.close_edge(edge)
    return [*hits, *incidents]


async def test_the_same_seed_and_traffic_decide_the_same_and_neighbours_change_none_of_it(
    control: EdgeControl, cluster: Cluster, database: str
) -> None:
    """
    Toxicity, jitter and probability at once, of faults of both kinds, in a process of its own in front of a real server.

    Chunks are counted on the way up only: what a server says behind an error leaves it separately, and the kernel may join the two or not.
    """
    once = await decided(control, cluster, database, "once", BY_CHANCE, seed=3)
    again = await decided(control, cluster, database, "again", BY_CHANCE, seed=3)
    beside = await decided(control, cluster, database, "beside", NEIGHBOURS | BY_CHANCE, seed=3)
    other = await decided(control, cluster, database, "other", BY_CHANCE, seed=4)
    assert {word.fault_id for word in once} == BY_CHANCE.keys()
    assert again == once
    assert beside == once
    assert other != once
