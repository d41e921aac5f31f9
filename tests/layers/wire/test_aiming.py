"""Who is asked about a message, in which order, and what is counted."""

from __future__ import annotations

from fraiseql_chaos.layers.wire.faults import CorruptMessage, DropMessage
from fraiseql_chaos.layers.wire.ledger import Counts
from fraiseql_chaos.layers.wire.trigger import Trigger
from layers.wire import conversations as say
from layers.wire.checking import logged_in


def test_what_a_fault_can_do_nothing_to_is_not_counted() -> None:
    it = logged_in()
    it.arm(CorruptMessage(trigger=Trigger(message="DataRow", nth=2)))
    it.run([("down", say.row(None) + say.row(b"1") + say.row(b"2") + say.row(b"4"))])
    assert it.bytes_left("down") == say.row(None) + say.row(b"1") + say.row(b"3") + say.row(b"4")
    assert it.ledger.record.counts["0-corrupt_message"] == Counts(fitted=3, hit=1, delivered=1)


def test_a_fault_that_stays_keeps_its_count_when_others_come_and_go() -> None:
    it = logged_in()
    it.arm(DropMessage(trigger=Trigger(message="NoticeResponse", nth=2)))
    it.feed("down", say.notice("1"))
    it.arm(DropMessage(trigger=Trigger(message="DataRow")))
    it.heal(1)
    it.run([("down", say.notice("2") + say.notice("3"))])
    assert it.bytes_left("down") == say.notice("1") + say.notice("3")
