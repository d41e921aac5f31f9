"""Real clients notice nothing: psycopg in all its ways, pgbench in its three query modes and psql, through the engine that looks at everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.layers.wire.faults import AnswerError, CorruptMessage, CutAt, TruncateResult
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.binaries import find_binaries
from layers.wire.relay import Relay

pytestmark = pytest.mark.anyio

type Client = psycopg.AsyncConnection[tuple[Any, ...]]

NEVER = "no such statement anywhere"


@pytest.fixture(params=["watched", "armed"])
def looked_at(request: pytest.FixtureRequest, relay: Relay) -> Relay:
    """A relay that only watches, and one whose faults must look at every message and hit none."""
    if request.param == "armed":
        row = Trigger(message="DataRow", sql=NEVER)
        relay.arm(AnswerError(sqlstate="40001", trigger=Trigger(sql=NEVER)))
        relay.arm(CutAt(trigger=Trigger(message="CommandComplete", sql=NEVER)))
        relay.arm(CorruptMessage(trigger=row))
        relay.arm(TruncateResult(rows=0, trigger=row))
    return relay


@pytest.fixture
def dsn(cluster: Cluster, database: str, looked_at: Relay) -> str:
    return cluster.dsn(database, via=("127.0.0.1", looked_at.port))


@pytest.fixture
async def client(dsn: str, looked_at: Relay) -> AsyncIterator[Client]:
    """A connection through the relay; afterwards the engine knows what both sides know, and nothing was unreadable."""
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=10)
    yield connection
    assert looked_at.ledger.record.unreadable == 0
    assert looked_at.ledger.record.incidents == ()
    if not connection.closed:
        dialogue = looked_at.joined[0].reader.dialogue
        assert dialogue.is_idle
        assert dialogue.transaction == "idle"
        assert dialogue.backend is not None
        assert dialogue.backend[0] == connection.info.backend_pid
    await connection.close()


@pytest.mark.parametrize("binary", [False, True])
async def test_rows_in_text_and_binary(client: Client, binary: Any) -> None:
    cursor = await client.execute("SELECT n, word, NULL::int, n::float8 FROM numbers WHERE n <= %s ORDER BY numbers.n", (300,), binary=binary)
    assert await cursor.fetchall() == [(n, f"word {n}", None, float(n)) for n in range(1, 301)]


async def test_prepared_statements_are_known_by_their_text(client: Client, looked_at: Relay) -> None:
    for _ in range(3):
        await client.execute("SELECT n FROM numbers WHERE n = %s", (1,), prepare=True)
    [text] = looked_at.joined[0].reader.dialogue._statements.known.values()
    assert text == b"SELECT n FROM numbers WHERE n = $1"
    await client.execute("DEALLOCATE ALL")
    assert looked_at.joined[0].reader.dialogue._statements.known == {}


async def test_a_pipeline_with_an_error_in_it(client: Client) -> None:
    async with client.pipeline() as pipeline:
        first = await client.execute("SELECT 1")
        await pipeline.sync()
        await client.execute("SELECT 1 / %s", (0,), prepare=False)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await pipeline.sync()
        last = await client.execute("SELECT 3")
        await pipeline.sync()
        assert (await first.fetchone(), await last.fetchone()) == ((1,), (3,))


async def test_copy_both_ways_and_given_up(client: Client) -> None:
    await client.execute("CREATE TEMP TABLE copied (n int, text text)")
    cursor = client.cursor()
    async with cursor.copy("COPY copied FROM STDIN") as copy:
        for n in range(500):
            await copy.write_row((n, "x" * n))
    async with cursor.copy("COPY copied TO STDOUT (FORMAT binary)") as copy:
        assert sum([len(block) async for block in copy]) > 125_000
    with pytest.raises(psycopg.errors.QueryCanceled):  # noqa: PT012  the copy is one statement
        async with cursor.copy("COPY copied FROM STDIN") as copy:
            await copy.write_row((1, "never"))
            raise _GivenUpError
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        async with cursor.copy("COPY copied FROM STDIN") as copy:
            await copy.write("no number\tx\n")
    assert await (await client.execute("SELECT count(*) FROM copied")).fetchone() == (500,)


class _GivenUpError(psycopg.errors.QueryCanceled):
    """What the body of a copy gives up with."""


async def test_notifications_and_notices(client: Client, dsn: str) -> None:
    heard: list[str | None] = []
    client.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    await client.execute("LISTEN news")
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as other:
        await other.execute("NOTIFY news, 'one'")
    await client.execute("DO $$ BEGIN RAISE NOTICE 'by the way'; END $$")
    notifications = [notification.payload async for notification in client.notifies(timeout=5, stop_after=1)]
    assert (notifications, heard) == (["one"], ["by the way"])


async def test_server_side_cursors(client: Client) -> None:
    async with client.transaction(), client.cursor("walk") as cursor:
        await cursor.execute("SELECT n FROM numbers ORDER BY n")
        cursor.itersize = 37
        assert [n async for (n,) in cursor] == list(range(1, 1001))


async def test_a_cancelled_query(client: Client, looked_at: Relay) -> None:
    asked = asyncio.create_task(client.execute("SELECT pg_sleep(60)"))
    dialogue = looked_at.joined[0].reader.dialogue
    await wait_until(lambda: dialogue.pending, within=seconds(10), what="the statement")
    await client.cancel_safe(timeout=5)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await asked
    assert looked_at.joined[1].reader.dialogue.phase in {"cancelling", "startup", "authenticating"}


async def test_errors_in_and_out_of_transactions(client: Client, looked_at: Relay) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await client.execute("SELECT * FROM nowhere")
    dialogue = looked_at.joined[0].reader.dialogue
    with pytest.raises(psycopg.errors.DivisionByZero):  # noqa: PT012  the transaction is what is looked at
        async with client.transaction():
            assert dialogue.transaction == "in_transaction"
            await client.execute("SELECT 1 / %s", (0,))
    assert dialogue.transaction == "idle"


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
async def test_pgbench_in_its_three_query_modes(dsn: str, cluster: Cluster, database: str, looked_at: Relay, mode: str) -> None:
    pgbench = str(find_binaries().bin / "pgbench")
    await _run(pgbench, "--initialize", "--quiet", cluster.dsn(database))  # Not through the relay: that is megabytes, byte by byte.
    out = await _run(pgbench, f"--protocol={mode}", "--client=4", "--transactions=5", "--no-vacuum", dsn)
    assert "number of transactions actually processed: 20/20" in out
    assert looked_at.ledger.record.incidents == ()


async def test_psql(dsn: str, looked_at: Relay) -> None:
    psql = str(find_binaries().bin / "psql")
    script = ("SELECT count(*) FROM numbers", r"\d numbers", r"\copy numbers TO /dev/null", "SELECT 1; SELECT 2")
    out = await _run(psql, "--no-psqlrc", "--quiet", "--tuples-only", dsn, *(part for command in script for part in ("-c", command)))
    assert out.split()[0] == "1000"
    assert out.split()[-2:] == ["1", "2"]
    assert looked_at.ledger.record.incidents == ()


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, out.decode()
    return out.decode()
