"""What is put into a conversation, or ends it, never tears a message apart."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.layers.wire.errorfields import error_response
from fraiseql_chaos.layers.wire.faults import AnswerError
from fraiseql_chaos.layers.wire.trigger import Trigger
from layers.wire import conversations as say
from layers.wire.checking import logged_in, said

FATAL = error_response("FATAL", "57P01", "terminating connection due to administrator command")


def test_a_farewell_waits_for_the_message_that_is_being_told() -> None:
    it = logged_in()
    it.run([("up", say.query("SELECT 1")), ("down", say.row(b"long")[:8])])
    it.arm(AnswerError(sqlstate="57P01", severity="FATAL", trigger=Trigger(sql="SELECT 2")))
    it.feed("up", say.query("SELECT 2"))
    assert it.endings == [("up", Ending.FIN)]
    it.feed("down", say.row(b"long")[8:] + say.complete("SELECT 1"))
    assert it.bytes_left("down") == say.row(b"long") + FATAL
    assert it.endings == [("up", Ending.FIN), ("down", Ending.FIN)]
    assert it.feed("down", say.ready()) == []


def test_an_idle_session_is_told_as_the_fault_is_armed_and_a_busy_one_when_it_is_done() -> None:
    fault = AnswerError(sqlstate="57P01", trigger=Trigger(message="ReadyForQuery"))
    idle, busy = logged_in(), logged_in()
    busy.feed("up", say.query("SELECT 1"))
    assert said(idle.arm(fault), "down") == FATAL
    assert busy.arm(fault) == []
    busy.feed("down", say.complete("SELECT 1") + say.ready())
    assert busy.bytes_left("down") == say.complete("SELECT 1") + say.ready() + FATAL


def test_answers_to_our_own_questions_are_kept_from_the_client_even_when_all_is_healed() -> None:
    it = logged_in()
    it.arm(AnswerError(sqlstate="40001"))
    left = it.run([("up", say.parse("SELECT 1") + say.bind() + say.describe() + say.execute() + say.SYNC)])
    assert said(left, "up").startswith(say.parse("SELECT 1") + say.bind() + say.describe() + say.close("fraiseql_chaos_answer"))
    assert said(left, "up").endswith(b"\0\0\0\0" + say.SYNC)
    it.heal()
    assert it.reader.is_engaged
    client_sees = say.message("1") + say.message("2") + say.message("T", b"\0\0")
    it.feed("down", client_sees + say.message("3") + say.message("1") + say.notice() + say.message("2") + say.error("40001") + say.ready())
    assert it.bytes_left("down") == client_sees + say.notice() + say.error("40001") + say.ready()
    assert not it.reader.is_engaged
    [incident] = it.ledger.record.incidents
    assert (incident.answered, incident.delivered) == ("40001", False)


def test_nothing_is_raised_where_the_server_would_not_read_it() -> None:
    it = logged_in()
    it.run([("up", say.query("BAD")), ("down", say.error() + say.ready("E"))])
    it.arm(AnswerError(sqlstate="40001"))
    assert said(it.run([("up", say.query("SELECT 1"))]), "up") == say.query("SELECT 1")
    assert it.ledger.record.counts == {}
