"""Faults on messages, done to psycopg on a real server: both sides agree afterwards, and the server's own records say what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.layers.wire.faults import (
    AnswerError,
    CorruptMessage,
    CutAt,
    DelayMessage,
    DropMessage,
    ResetAt,
    StallAt,
    TruncateResult,
    ambiguous_commit,
)
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import fetch
from layers.wire.relay import Relay

pytestmark = pytest.mark.anyio

type Client = psycopg.AsyncConnection[tuple[Any, ...]]
type Connect = Callable[..., Any]


@pytest.fixture
def connect(cluster: Cluster, database: str, relay: Relay) -> Connect:
    """Connect to the server through the relay."""

    @asynccontextmanager
    async def through(**options: Any) -> AsyncIterator[Client]:
        dsn = cluster.dsn(database, via=("127.0.0.1", relay.port))
        connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=10, **options)
        try:
            yield connection
        finally:
            await connection.close()

    return through


async def test_without_a_fault_all_is_as_it_was(connect: Connect, relay: Relay) -> None:
    async with connect() as client:
        assert await (await client.execute("SELECT n FROM numbers ORDER BY n")).fetchall() == [(n,) for n in range(1, 1001)]
    assert relay.ledger.record.unreadable == 0
    assert relay.joined[0].reader.dialogue.transaction == "in_transaction"


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "57014", "53200", "XX000", "P0001"])
@pytest.mark.parametrize("prepare", [False, True])
@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_statement_is_answered_with_an_error_and_both_sides_agree(
    connect: Connect, relay: Relay, cluster: Cluster, sqlstate: str, *, prepare: Any, in_transaction: Any
) -> None:
    position = cluster.server_log.end()
    async with connect(autocommit=not in_transaction) as client:
        await client.execute("SELECT 1")
        relay.arm(AnswerError(sqlstate=sqlstate, trigger=Trigger(sql="^UPDATE", nth=1)))
        for attempt in range(2):
            with pytest.raises(psycopg.Error) as caught:
                await client.execute("UPDATE accounts SET balance = balance + %s WHERE id = 1", (1,), prepare=prepare)
            assert caught.value.sqlstate == (sqlstate if attempt == 0 else "25P02")
            if not in_transaction:
                break
        expected = psycopg.pq.TransactionStatus.INERROR if in_transaction else psycopg.pq.TransactionStatus.IDLE
        assert client.info.transaction_status == expected
        await client.rollback()
        await client.execute("UPDATE accounts SET balance = balance + %s WHERE id = 1", (5,), prepare=prepare)
        assert await (await client.execute("SELECT balance FROM accounts WHERE id = 1")).fetchone() == (105,)
        await client.commit()
    logged = [record.sqlstate for record in cluster.server_log.since(position)[0] if record.severity == "ERROR"]
    assert sqlstate in logged
    [incident] = relay.ledger.record.incidents
    assert (incident.answered, incident.delivered, incident.message) == (sqlstate, False, "Execute")


async def test_a_simple_query_is_replaced_by_one_that_raises(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(AnswerError(sqlstate="40001", message="it's $fraiseql_chaos$ \\ over", trigger=Trigger(message="Query", sql="accounts")))
        with pytest.raises(psycopg.errors.SerializationFailure, match=r"it's \$fraiseql_chaos\$ \\ over"):
            await client.execute("DELETE FROM accounts; SELECT 1")
        relay.heal()
        assert await (await client.execute("SELECT count(*) FROM accounts")).fetchone() == (2,)


@pytest.mark.parametrize("pipelined", [False, True])
async def test_a_commit_that_fails_leaves_no_transaction_behind(connect: Connect, relay: Relay, pipelined: Any) -> None:
    async with connect() as client:
        await client.execute("UPDATE accounts SET balance = 0")
        relay.arm(AnswerError(sqlstate="40001", trigger=Trigger(sql="^COMMIT")))
        with pytest.raises(psycopg.errors.SerializationFailure):
            await (_commit_in_a_pipeline(client) if pipelined else client.commit())
        assert client.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        relay.heal()
        assert await (await client.execute("SELECT sum(balance) FROM accounts")).fetchone() == (200,)


async def test_in_a_pipeline_the_error_belongs_to_its_statement(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(AnswerError(sqlstate="40P01", trigger=Trigger(sql="id = 2")))
        with pytest.raises(psycopg.errors.DeadlockDetected):
            await _empty_three_in_a_pipeline(client)
        assert await (await client.execute("SELECT sum(balance) FROM accounts")).fetchone() == (200,)


async def test_a_login_is_refused_in_the_servers_words(connect: Connect, relay: Relay) -> None:
    relay.arm(AnswerError(sqlstate="53300", trigger=Trigger(message="StartupMessage")))
    with pytest.raises(psycopg.OperationalError, match="FATAL:  sorry, too many clients already"):
        async with connect():
            pass
    relay.heal()
    async with connect() as client:
        await client.execute("SELECT 1")


async def test_idle_sessions_are_told_unasked(connect: Connect, relay: Relay, cluster: Cluster, database: str) -> None:
    async with connect(autocommit=True) as idle, connect() as busy:
        await idle.execute("SELECT 1")
        await busy.execute("SELECT 1")
        relay.arm(AnswerError(sqlstate="57P01", trigger=Trigger(message="ReadyForQuery")))
        with pytest.raises(psycopg.errors.AdminShutdown, match="terminating connection due to administrator command"):
            await idle.execute("SELECT 1")
        await busy.execute("SELECT 1")  # It is not idle but within a transaction, until it commits.
        await busy.commit()
        with pytest.raises(psycopg.OperationalError):  # libpq takes an error that comes along with the ReadyForQuery for a notice.
            await busy.execute("SELECT 1")

    async def none_left() -> bool:
        rows = await fetch(cluster.control_dsn(), "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (database,))
        return rows == [(0,)]

    await wait_until(none_left, within=seconds(10), what="the server's end of the sessions")


@pytest.mark.parametrize("severity", ["FATAL", "PANIC"])
async def test_a_fatal_answer_to_a_statement_ends_the_session(connect: Connect, relay: Relay, severity: Any) -> None:
    async with connect() as client:
        await client.execute("UPDATE accounts SET balance = 0")
        relay.arm(AnswerError(sqlstate="57P01", severity=severity, trigger=Trigger(sql="SELECT 42")))
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            await client.execute("SELECT 42")
        assert client.closed


async def test_an_ambiguous_commit_stands_on_the_server_and_is_an_error_to_the_client(
    connect: Connect, relay: Relay, cluster: Cluster, database: str
) -> None:
    async with connect() as client:
        row = await (await client.execute("UPDATE accounts SET balance = 0 WHERE id = 1 RETURNING txid_current()")).fetchone()
        relay.arm(ambiguous_commit())
        with pytest.raises(psycopg.OperationalError):
            await client.commit()
    assert await fetch(cluster.control_dsn(database), "SELECT txid_status(%s)", row) == [("committed",)]
    [incident] = relay.ledger.record.incidents
    assert (incident.message, incident.sql, incident.decision, incident.delivered) == ("CommandComplete", "COMMIT", "cut before it", False)


async def test_a_commit_cut_before_it_reaches_the_server_does_not_stand(connect: Connect, relay: Relay, cluster: Cluster, database: str) -> None:
    async with connect() as client:
        row = await (await client.execute("UPDATE accounts SET balance = 0 WHERE id = 1 RETURNING txid_current()")).fetchone()
        relay.arm(CutAt(trigger=Trigger(sql="^COMMIT")))
        with pytest.raises(psycopg.OperationalError):
            await client.commit()

    async def aborted() -> bool:
        return await fetch(cluster.control_dsn(database), "SELECT txid_status(%s)", row) == [("aborted",)]

    await wait_until(aborted, within=seconds(10), what="the end of the transaction")


@pytest.mark.parametrize("fault", [CutAt, ResetAt])
async def test_a_connection_ends_behind_a_message(connect: Connect, relay: Relay, fault: Any) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(fault(trigger=Trigger(message="RowDescription", sql="numbers"), when="after"))
        with pytest.raises(psycopg.OperationalError):
            await client.execute("SELECT * FROM numbers")
    [incident] = relay.ledger.record.incidents
    assert incident.delivered


async def test_a_stall_holds_until_it_is_healed_and_loses_nothing(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(StallAt(trigger=Trigger(message="DataRow", sql="numbers", nth=500)))
        asked = asyncio.create_task(_numbers(client))
        await wait_until(lambda: relay.ledger.record.incidents, within=seconds(10), what="the stall")
        assert not asked.done()
        relay.heal()
        assert await asked == list(range(1, 1001))
    assert relay.ledger.record.incidents[0].delivered


async def test_a_delayed_message_arrives_when_it_is_due(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(DelayMessage(delay=ms(100), trigger=Trigger(message="ReadyForQuery", nth=1)))
        began_ns = now_ns()
        assert await _numbers(client) == list(range(1, 1001))
        assert now_ns() - began_ns >= ms(100).ns


async def test_a_dropped_notice_is_not_heard(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        heard: list[str | None] = []
        client.add_notice_handler(lambda notice: heard.append(notice.message_primary))
        relay.arm(DropMessage(trigger=Trigger(message="NoticeResponse", first=1)))
        await client.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$")
        assert heard == ["two"]


@pytest.mark.parametrize(("part", "mask"), [("type", 0x80), ("length", 0x01)])
async def test_a_corrupt_head_makes_the_client_lose_the_thread(connect: Connect, relay: Relay, part: Any, mask: int) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(CorruptMessage(part=part, mask=mask, trigger=Trigger(message="RowDescription")))
        relay.arm(CutAt(trigger=Trigger(message="ReadyForQuery")))  # It would wait for the rest of a longer message.
        with pytest.raises(psycopg.DatabaseError, match=r"unexpected response from server|lost synchronization|message contents do not agree"):
            await client.execute("SELECT 1")


@pytest.mark.parametrize("binary", [False, True])
async def test_a_corrupt_value_is_another_one(connect: Connect, relay: Relay, binary: Any) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(CorruptMessage(trigger=Trigger(message="DataRow", nth=2), column=1))
        cursor = await client.execute("SELECT NULL, n FROM numbers WHERE n <= 6 AND n % 2 = 0 ORDER BY n", binary=binary)
        assert await cursor.fetchall() == [(None, 2), (None, 5), (None, 6)]


@pytest.mark.parametrize("rows", [0, 1, 999])
async def test_rows_vanish_and_the_result_completes_all_the_same(connect: Connect, relay: Relay, rows: int) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(TruncateResult(rows=rows, then="complete", trigger=Trigger(message="DataRow", nth=1)))
        cursor = await client.execute("SELECT n FROM numbers ORDER BY n")
        assert (await cursor.fetchall(), cursor.statusmessage) == ([(n + 1,) for n in range(rows)], "SELECT 1000")
        assert await _numbers(client) == list(range(1, 1001))


async def test_a_result_is_cut_after_its_first_rows(connect: Connect, relay: Relay) -> None:
    async with connect(autocommit=True) as client:
        relay.arm(TruncateResult(rows=3))
        got: list[Any] = []
        with pytest.raises(psycopg.OperationalError):
            await _stream(client, got)
        assert got == [(1,), (2,), (3,)]


async def _commit_in_a_pipeline(client: Client) -> None:
    async with client.pipeline():
        await client.execute("COMMIT")


async def _empty_three_in_a_pipeline(client: Client) -> None:
    async with client.pipeline():
        await client.execute("UPDATE accounts SET balance = 0 WHERE id = 1")
        await client.execute("UPDATE accounts SET balance = 0 WHERE id = 2")
        await client.execute("UPDATE accounts SET balance = 0 WHERE id = 1")


async def _stream(client: Client, got: list[Any]) -> None:
    async for row in client.cursor().stream("SELECT n FROM numbers ORDER BY n"):
        got.append(row)  # noqa: PERF401  what came before the error counts


async def _numbers(client: Client) -> list[int]:
    return [n for (n,) in await (await client.execute("SELECT n FROM numbers ORDER BY n")).fetchall()]
