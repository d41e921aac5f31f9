"""What no fault hits leaves as it came, whatever is said and however it is cut; what cannot be read is cut; nothing raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import dice, ms
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.engine import Conversation, Reader
from fraiseql_chaos.layers.stream.model import DIRECTIONS, Direction, Ending, Origin
from fraiseql_chaos.layers.wire.faults import AnswerError, CorruptMessage, CutAt, DelayMessage, DropMessage, ResetAt, StallAt, TruncateResult
from fraiseql_chaos.layers.wire.ledger import WireLedger
from fraiseql_chaos.layers.wire.model import WireFault
from fraiseql_chaos.layers.wire.trigger import Trigger
from layers.wire import conversations as say
from layers.wire.checking import Driven, bytes_of, driven, logged_in, said
from layers.wire.conversations import conversation, cut_at_random

NEVER = Trigger(message="Query", sql="no such statement")
"""Arms a fault that has to look at everything and hits nothing."""

seeds = st.integers(0, 2**32)
pieces = st.sampled_from([1, 2, 3, 5, 7, 40, 300, 2**16])


def watchers() -> tuple[WireFault, ...]:
    """Faults that must look at every kind of message, and hit none."""
    down = Trigger(message="DataRow", sql="no such statement")
    return (AnswerError(sqlstate="40001", trigger=NEVER), CorruptMessage(trigger=down), TruncateResult(rows=0, trigger=down), CutAt(trigger=NEVER))


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_what_is_watched_leaves_as_it_came(seed: int, most: int) -> None:
    turns, it = conversation(seed, most), driven()
    assert it.run(turns) == it.left
    assert [passed.item for passed in it.left] == [data for _, data in turns]
    assert it.ledger.record.unreadable == 0


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_what_no_armed_fault_hits_leaves_as_it_came(seed: int, most: int) -> None:
    turns, it = conversation(seed, most), driven(body_limit=50)
    it.arm(*watchers())
    it.run(turns)
    it.heal()
    for direction in DIRECTIONS:
        assert it.bytes_left(direction) == bytes_of(turns, direction)
    assert it.endings == []
    assert it.ledger.record.incidents == ()


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_arming_and_healing_at_any_moment_harms_nothing_that_is_not_hit(seed: int, most: int) -> None:
    chance = dice(seed)
    turns, it = conversation(seed, most), driven()
    for direction, data in turns:
        it.feed(direction, data)
        if chance.random() < 0.2:
            it.arm(*watchers()) if not it.armed else it.heal(chance.choice([None, 0]))
    it.heal()
    for direction in DIRECTIONS:
        assert it.bytes_left(direction) == bytes_of(turns, direction)


@settings(max_examples=60)
@given(seed=seeds, most=pieces)
def test_watching_and_passing_on_come_to_know_the_same(seed: int, most: int) -> None:
    turns, watching, passing = conversation(seed, most), driven(), driven()
    passing.arm(*watchers())
    for direction, data in turns:
        watching.feed(direction, data)
        passing.feed(direction, data)
    left, right = watching.reader.dialogue, passing.reader.dialogue
    for name in ("phase", "copying", "transaction", "is_skipping", "is_idle", "backend", "cause", "_statements"):
        assert getattr(left, name) == getattr(right, name), name
    assert watching.ledger.messages == passing.ledger.messages
    assert left.is_idle
    assert left.phase == "ready"


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_a_dropped_notice_takes_nothing_else_with_it(seed: int, most: int) -> None:
    turns, it = conversation(seed, most), driven()
    it.arm(DropMessage(trigger=Trigger(message="NoticeResponse")))
    it.run(turns)
    assert it.bytes_left("down") == bytes_of(turns, "down").replace(say.notice(), b"")
    assert it.bytes_left("up") == bytes_of(turns, "up")


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_a_stall_holds_what_is_behind_and_loses_none_of_it(seed: int, most: int) -> None:
    turns, it = conversation(seed, most), driven()
    message = dice(seed).choice(["ReadyForQuery", "DataRow", "Bind", "Statement", "CommandComplete"])
    it.arm(StallAt(trigger=Trigger(message=message, nth=2), both=bool(seed % 2), when="before" if seed % 3 else "after"))
    it.run(turns)
    it.heal()
    for direction in DIRECTIONS:
        assert it.bytes_left(direction) == bytes_of(turns, direction)
    assert not it.reader.is_engaged
    assert [it.reader.held_bytes(direction) for direction in DIRECTIONS] == [0, 0]


TRUNCATED_AND_CUT = TruncateResult(rows=5, trigger=Trigger(message="DataRow", probability=0.1))

FAULTS: tuple[WireFault, ...] = (
    AnswerError(sqlstate="40001", trigger=Trigger(probability=0.3)),
    AnswerError(sqlstate="57P01", trigger=Trigger(message="ReadyForQuery", nth=4)),
    AnswerError(sqlstate="57P03", trigger=Trigger(message="StartupMessage", probability=0.1)),
    AnswerError(sqlstate="57P01", severity="FATAL", trigger=Trigger(sql="numbers", nth=2)),
    CorruptMessage(trigger=Trigger(message="DataRow", probability=0.2)),
    CorruptMessage(part="length", trigger=Trigger(message="CommandComplete", probability=0.1)),
    CutAt(trigger=Trigger(message="CommandComplete", sql="^COMMIT", nth=2)),
    DelayMessage(delay=ms(3), jitter=ms(2), trigger=Trigger(message="ReadyForQuery")),
    DropMessage(trigger=Trigger(message="Execute", probability=0.2)),
    DropMessage(trigger=Trigger(message="ParseComplete", probability=0.2)),
    ResetAt(trigger=Trigger(message="Sync", nth=9), when="after"),
    StallAt(trigger=Trigger(message="Bind", nth=3), lasting=ms(5)),
    TruncateResult(rows=2, then="complete", trigger=Trigger(message="DataRow", probability=0.5)),
    TRUNCATED_AND_CUT,
)


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_any_faults_at_any_moment_raise_nothing_and_hold_nothing_once_healed(seed: int, most: int) -> None:
    chance = dice(seed)
    turns, it = conversation(seed, most), driven()
    for direction, data in turns:
        if chance.random() < 0.1:
            it.arm(chance.choice(FAULTS))
        if it.armed and chance.random() < 0.05:
            it.heal(chance.randrange(len(it.armed)))
        it.wait(it.now_ns + 10**6)
        it.feed(direction, data)
    it.heal()
    assert it.reader.due_ns is None
    assert [it.reader.held_bytes(direction) for direction in DIRECTIONS] == [0, 0]
    times = [passed.at_ns for passed in it.left if passed.origin.direction == "down"]
    assert times == sorted(times)


WELL_FORMED = tuple(fault for fault in FAULTS if not isinstance(fault, CorruptMessage | CutAt | ResetAt) and fault != TRUNCATED_AND_CUT)
"""Faults that tear no message apart: what they let pass, and what they say themselves, is whole."""


@settings(max_examples=80)
@given(seed=seeds, most=pieces)
def test_what_leaves_is_whole_messages_whatever_is_put_in_or_left_out(seed: int, most: int) -> None:
    chance, it = dice(seed), driven()
    for direction, data in conversation(seed, most):
        if chance.random() < 0.1:
            it.arm(chance.choice(WELL_FORMED))
        if it.armed and chance.random() < 0.05:
            it.heal(chance.randrange(len(it.armed)))
        it.feed(direction, data)
    it.heal()
    heard = driven()
    heard.run([(passed.origin.direction, passed.item) for passed in it.left if isinstance(passed.item, bytes)])
    assert [incident.decision for incident in heard.ledger.record.incidents] == []
    assert not heard.reader._lanes["down"].framer.is_inside
    assert it.endings or not heard.reader._lanes["up"].framer.is_inside  # A session that is told farewell may end within what the client says.


@settings(max_examples=120)
@given(seed=seeds, most=pieces, garbage=st.binary(min_size=1, max_size=200), direction=st.sampled_from(DIRECTIONS), is_armed=st.booleans())
def test_garbage_is_cut_or_waited_for_and_raises_nothing(seed: int, most: int, garbage: bytes, direction: Direction, is_armed: Any) -> None:
    turns = conversation(seed, most)
    turns = turns[: dice(seed).randrange(len(turns) + 1)]
    it = driven()
    if is_armed:
        it.arm(*watchers())
    it.run(turns)
    it.run(cut_at_random([(direction, garbage * 20)], dice(seed), most=most))
    record = it.ledger.record
    cut = [ending for _, ending in it.endings]
    assert cut == [Ending.CUT] * record.unreadable
    assert record.unreadable <= 1
    for incident in record.incidents:
        assert incident.decision.startswith("cut, because it cannot be read: ")


@pytest.mark.parametrize("is_armed", [False, True])
@pytest.mark.parametrize(
    ("direction", "garbage", "told"),
    [
        ("up", b"Q\0\0\0\3", "message 1 of the client, Query, claims a length of 3; PostgreSQL allows 4 to 1073741822"),
        ("up", b"Q\xff\xff\xff\xff", "message 1 of the client, Query, claims a length of 4294967295; PostgreSQL allows 4 to 1073741822"),
        ("up", b"S\0\0\x27\x11", "message 1 of the client, Sync, claims a length of 10001; PostgreSQL allows 4 to 10000"),
        ("up", b"?\0\0\0\4", "message 1 of the client has the unknown type b'?'"),
        ("down", b"Z\0\0\0\6", "message 4 of the server, ReadyForQuery, claims a length of 6; PostgreSQL allows 4 to 5"),
        ("down", b"Z\0\0\0\5?", "the server is ready in the unknown transaction state b'?'"),
        ("down", b"Z\0\0\0\4", r"the server is ready in the unknown transaction state b'\x00'"),
        ("down", b"Q\0\0\0\4", "message 4 of the server has the unknown type b'Q'"),
        (
            "down",
            b"HTTP/1.1 400 Bad Request",
            "message 4 of the server, CopyOutResponse, claims a length of 1414811695; PostgreSQL allows 4 to 30000",
        ),
    ],
)
def test_what_cannot_be_read_is_cut_and_the_ledger_says_why(is_armed: Any, direction: Direction, garbage: bytes, told: str) -> None:
    it = logged_in()
    if is_armed:
        it.arm(*watchers())
    it.feed(direction, garbage)
    assert it.endings == [(direction, Ending.CUT)]
    [incident] = it.ledger.record.incidents
    assert incident.decision == f"cut, because it cannot be read: {told}"
    assert it.feed(direction, b"more") == []


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (b"GET / HTTP/1.1\r\n", "a first packet of 1195725856 bytes; PostgreSQL takes 8 to 10004"),
        (b"\0\0\0\7\0\3\0\0", "a first packet of 7 bytes; PostgreSQL takes 8 to 10004"),
        (b"\0\0\0\x08\0\2\0\0", "a first packet of protocol 2.0; only 3 is read"),
    ],
)
def test_a_first_packet_that_is_none_is_cut(first: bytes, told: str) -> None:
    it = driven()
    it.feed("up", first)
    assert it.ledger.record.incidents[0].decision == f"cut, because it cannot be read: {told}"


def test_a_client_that_speaks_before_its_request_for_encryption_is_answered_is_cut() -> None:
    it = driven()
    it.feed("up", say.SSL_REQUEST + say.startup())
    assert it.endings == [("up", Ending.CUT)]


def test_huge_messages_stream_through_and_are_not_kept() -> None:
    """Method: announce half a gigabyte of row and of bind, send some of it, and look at what is held."""
    for armed in (False, True):
        it = logged_in()
        if armed:
            it.arm(CutAt(trigger=Trigger(message="CommandComplete")), AnswerError(sqlstate="40001", trigger=NEVER))
        for direction, code in (("down", b"D"), ("up", b"B")):
            chunk = bytes(2**16)
            it.feed(direction, code + (2**29).to_bytes(4) + b"p\0s\0" + chunk)  # type: ignore[arg-type]  # a literal
            for _ in range(20):
                [passed] = it.feed(direction, chunk)  # type: ignore[arg-type]  # a literal
                assert passed.item is chunk
            assert it.reader.held_bytes(direction) == 0  # type: ignore[arg-type]  # a literal
            assert len(it.reader._lanes[direction].framer.body) <= 4096  # type: ignore[index]  # a literal


def test_a_statement_longer_than_the_limit_is_judged_by_its_beginning() -> None:
    it = logged_in(body_limit=100)
    it.arm(DropMessage(trigger=Trigger(sql="^INSERT")))
    long = say.query("INSERT " + "x" * 10_000)
    assert said(it.run(cut_at_random([("up", long)], dice(1), most=9)), "up") == b""
    other = say.query("UPDATE " + "x" * 10_000)
    assert said(it.run(cut_at_random([("up", other)], dice(1), most=9)), "up") == other


@pytest.mark.parametrize("answer", [b"S", b"G"])
def test_what_is_encrypted_passes_unread(answer: bytes) -> None:
    it = driven()
    it.run([("up", say.SSL_REQUEST if answer == b"S" else say.GSSENC_REQUEST), ("down", answer)])
    assert it.reader.is_encrypted
    it.arm(DropMessage(trigger=Trigger()))
    assert said(it.run([("up", b"\x16\3\1 anything"), ("down", b"at all")]), "up") == b"\x16\3\1 anything"


def test_a_client_that_encrypts_from_the_start_passes_unread() -> None:
    it = driven()
    it.run([("up", b"\x16\3\1 hello"), ("down", b"\x16\3\1 hello")])
    assert it.reader.is_encrypted
    assert it.ledger.record.unreadable == 0


def test_a_server_may_answer_a_request_for_encryption_with_an_error() -> None:
    it = driven()
    refusal = say.error("53300", "FATAL")
    it.arm(*watchers())
    it.run([("up", say.SSL_REQUEST), *cut_at_random([("down", refusal)], dice(1), most=2)])
    assert it.bytes_left("down") == refusal
    assert it.ledger.record.unreadable == 0


def test_a_cancel_request_passes_and_is_known() -> None:
    it = driven()
    it.feed("up", say.cancel())
    assert it.reader.dialogue.phase == "cancelling"
    assert it.bytes_left("up") == say.cancel()


def test_a_message_that_has_begun_when_a_fault_is_aimed_is_too_late_for_it() -> None:
    it = logged_in()
    first, second = say.query("SELECT 1"), say.query("SELECT 2")
    it.feed("up", first[:3])
    it.arm(DropMessage(trigger=Trigger()))
    assert said(it.run([("up", first[3:] + second)]), "up") == first[3:]


def test_a_message_that_waited_for_its_decision_leaves_when_all_is_healed() -> None:
    it = logged_in()
    text = say.query("SELECT 1")
    it.arm(DropMessage(trigger=Trigger()))
    assert it.feed("up", text[:9]) == []
    assert said(it.heal(), "up") == text[:9]
    assert said(it.feed("up", text[9:]), "up") == text[9:]
    assert not it.reader.is_engaged


def test_an_ending_takes_along_what_waited_for_its_decision() -> None:
    it = logged_in()
    it.arm(DropMessage(trigger=Trigger()))
    it.feed("up", b"Q\0\0")
    assert [passed.item for passed in it.feed("up", Ending.FIN)] == [b"Q\0\0", Ending.FIN]


def test_the_first_of_two_faults_takes_the_message() -> None:
    it = logged_in()
    it.arm(DropMessage(trigger=Trigger()), CutAt(trigger=Trigger()))
    it.feed("up", say.query("SELECT 1"))
    assert it.endings == []
    assert [incident.decision for incident in it.ledger.record.incidents] == ["dropped"]


def test_healing_one_of_two_stalls_leaves_the_other_its_hold() -> None:
    it = logged_in()
    it.arm(StallAt(trigger=Trigger(sql="1")), StallAt(trigger=Trigger(sql="2")))
    texts = [say.query("SELECT 1"), say.query("SELECT 2"), say.query("SELECT 3")]
    it.feed("up", b"".join(texts))
    assert it.bytes_left("up") == b""
    assert said(it.heal(0), "up") == texts[0]
    assert said(it.heal(0), "up") == texts[1] + texts[2]


def test_the_same_seed_hits_the_same_and_a_neighbour_rolls_nothing_again() -> None:
    def dropped(seed: int, connection: int, *neighbours: WireFault) -> list[int]:
        it = logged_in(seed=seed, connection=connection)
        it.arm(DropMessage(trigger=Trigger(probability=0.5)), *neighbours)
        for _ in range(64):
            it.run([("up", say.query("SELECT 1"))])
        return [incident.ordinal for incident in it.ledger.record.incidents if incident.fault_id == "0-drop_message"]

    assert dropped(1, 0) == dropped(1, 0) == dropped(1, 0, DelayMessage(delay=ms(1), trigger=Trigger(message="Query", probability=0.5)))
    assert len({tuple(dropped(seed, connection)) for seed in (1, 2) for connection in (0, 1)}) == 4


def test_occurrences_are_counted_on_each_connection_or_over_all() -> None:
    for counted, hit in (("connection", [0, 1]), ("edge", [0])):
        shared = WireLedger()
        for connection in (0, 1):
            it = logged_in(connection=connection, ledger=shared)
            it.arm(DropMessage(trigger=Trigger(nth=1, counted=counted)))  # type: ignore[arg-type]  # a literal
            it.run([("up", say.query("SELECT 1") + say.query("SELECT 2"))])
        assert [incident.connection for incident in shared.record.incidents] == hit


def test_a_time_that_has_come_lets_go_and_not_before() -> None:
    it: Driven = logged_in()
    it.arm(DelayMessage(delay=ms(10), trigger=Trigger()))
    it.feed("up", say.query("SELECT 1"))
    assert it.reader.due_ns == ms(10).ns
    assert it.wait(ms(10).ns - 1) == []
    assert not it.ledger.record.incidents[0].delivered
    [passed] = it.wait(ms(12).ns)
    assert (passed.at_ns, passed.item) == (ms(10).ns, say.query("SELECT 1"))
    assert it.ledger.record.incidents[0].delivered


def test_it_is_what_the_stream_engine_wants_for_a_reader() -> None:
    """The type checker looks at this, and so does the engine that carries it."""
    reader: Reader = logged_in().reader
    talk = Conversation(Armed(7), connection=0, reader=reader)
    talk.armed.arm("0-drop", DropMessage(trigger=Trigger(sql="DELETE")), name="drop", now_ns=0, present=(0,), upcoming=1)
    for text in ("SELECT 1", "DELETE FROM t", "SELECT 2"):
        talk.feed(say.query(text), Origin("up", 0, 0), 1)
    assert talk.take(1) == [("up", say.query("SELECT 1")), ("up", say.query("SELECT 2"))]
