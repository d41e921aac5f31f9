"""The injector's word is written down as differences within a run, and never decides."""

from __future__ import annotations

from dataclasses import replace

from fraiseql_chaos.core import ms
from fraiseql_chaos.experiment.deployment import Ledgers
from fraiseql_chaos.experiment.own_word import hits_of, own_word
from fraiseql_chaos.history import Evidence, FaultHit
from fraiseql_chaos.layers.packet.faults import Loss
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger
from fraiseql_chaos.layers.packet.ledger import Traffic as PacketTraffic
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic
from fraiseql_chaos.layers.wire.faults import CutAt
from fraiseql_chaos.layers.wire.ledger import Counts, Incident, WireRecord
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Declaration, Planned

UNREAD = WireRecord(messages_up=0, messages_down=0, unreadable=0, counts={}, incidents=(), dropped=0)
PLANNED = Planned(fault_id="0-refuse", declaration=Declaration(fault=Refuse(), target="database"))


def ledgers(
    *, cut: int = 0, delayed: dict[str, int] | None = None, up: int = 0, down: int = 0, hits: tuple[Hit, ...] = (), messages: WireRecord = UNREAD
) -> Ledgers:
    traffic = [Traffic(bytes=count, chunks=1, held_bytes=0, dropped_bytes=0, added_bytes=0) for count in (up, down)]
    counts = {fault_id: {"delayed": count, "dropped": 1} for fault_id, count in (delayed or {}).items()}
    edge = Ledger(connections_opened=9, connections_failed=0, connections_cut=cut, connections_open=1, up=traffic[0], down=traffic[1], hits=counts)
    return Ledgers(edge=edge, hits=hits, messages=messages)


def word_of(planned: Planned, before: Ledgers, after: Ledgers) -> Evidence:
    word = own_word(planned, before, after)
    assert word is not None
    return word


def test_injectors_own_word_counts_from_the_runs_beginning_and_never_decides() -> None:
    planned = Planned(fault_id="0-latency", declaration=Declaration(fault=Latency(delay=ms(250)), target="database"))
    before = ledgers(cut=2, delayed={"0-latency": 5, "9-latency": 100}, up=1000, down=10_000)
    after = ledgers(cut=5, delayed={"0-latency": 12, "9-latency": 900}, up=1200, down=13_000)
    word = word_of(planned, before, after)
    assert (word.fault, word.witness, word.independent, word.count) == ("0-latency", "ledger of the edge", False, 10)
    assert word.statement == "7 chunks delayed, 0 chunks dropped, 3 connections cut; 3200 bytes passed in the whole run"


def test_injectors_own_word_about_messages_says_what_fitted_what_was_hit_and_what_became_of_it() -> None:
    planned = Planned(fault_id="0-cut_at", declaration=Declaration(fault=CutAt(trigger=Trigger()), target="database"))
    before = ledgers(messages=replace(UNREAD, counts={"0-cut_at": Counts(fitted=2, hit=1)}))
    after = ledgers(messages=replace(UNREAD, counts={"0-cut_at": Counts(fitted=9, hit=4, delivered=2, answered=1)}), up=50)
    word = word_of(planned, before, after)
    assert (word.count, word.independent) == (3, False)
    assert word.statement == ("3 of 7 messages that fitted were hit, 2 of them delivered, 1 answered with an error; 50 bytes passed in the whole run")


def test_fault_that_the_ledger_does_not_know_delayed_nothing() -> None:
    assert word_of(PLANNED, ledgers(), ledgers()).count == 0


def test_hits_of_this_run_become_events_on_its_own_clock() -> None:
    """Chunks and messages alike; what an earlier run on the same edge left is its own."""
    hits = (Hit("0-latency", 300_000, 2, "down", 3, 96, "delayed"), Hit("0-latency", 1_000_000, 2, "down", 3, 96, "delayed"))
    incident = Incident(
        fault_id="1-cut_at",
        connection=4,
        direction="up",
        ordinal=7,
        message="Query",
        bytes=12,
        sql="COMMIT",
        decision="cut before it",
        at_ns=2_000_000,
    )
    found = list(hits_of(ledgers(hits=hits, messages=replace(UNREAD, incidents=(incident,))), origin_ns=400_000, since_ns=400_000))
    assert found == [
        FaultHit(fault="0-latency", at_ns=600_000, connection=2, direction="down", ordinal=3, bytes=96, decision="delayed"),
        FaultHit(
            fault="1-cut_at",
            at_ns=1_600_000,
            connection=4,
            direction="up",
            ordinal=7,
            bytes=12,
            decision="cut before it",
            message="Query",
            sql="COMMIT",
            delivered=False,
        ),
    ]


def crossed(*, packets: int = 0, fitted: int = 0, dropped: int = 0, hits: tuple[PacketHit, ...] = ()) -> Ledgers:
    traffic = [PacketTraffic(packets=count, bytes=0, unreadable=0, dropped=0, added=0, held=0, held_bytes=0) for count in (packets, 1)]
    link = PacketLedger(up=traffic[0], down=traffic[1], fitted={"0-loss": fitted}, hits={"0-loss": {"dropped": dropped}})
    return Ledgers(link=link, packets=hits)


def test_injectors_own_word_about_packets_says_how_many_fitted_and_what_became_of_them() -> None:
    planned = Planned(fault_id="0-loss", declaration=Declaration(fault=Loss(rate=0.1), target="database"))
    word = word_of(planned, crossed(packets=10, fitted=5, dropped=1), crossed(packets=210, fitted=105, dropped=9))
    assert (word.witness, word.count, word.independent) == ("ledger of the link", 8, False)
    assert (
        word.statement
        == "of 100 packets that fitted 8 dropped; 200 packets crossed in the whole run, carried between two TUN devices by a process of ours"
    )


def test_what_the_kernel_does_and_does_not_count_is_said_so() -> None:
    planned = Planned(fault_id="0-loss", declaration=Declaration(fault=Loss(rate=0.1), target="database"))
    before, after = crossed(packets=10), crossed(packets=110, fitted=60)
    assert after.link is not None
    uncounted = replace(after, link=replace(after.link, mechanism="netem", uncounted=("0-loss",), hits={}))
    word = word_of(planned, before, uncounted)
    assert (word.count, word.independent) == (0, False)
    assert word.statement == (
        "60 packets fitted, and what became of them nobody here counts; "
        "100 packets crossed in the whole run, carried over veth pairs by the kernel and bent by its netem"
    )


def test_a_fault_that_acts_elsewhere_has_no_word_of_a_ledger() -> None:
    stopped = Planned(fault_id="0-stop", declaration=Declaration(fault=Stop(), target="database"))
    assert own_word(stopped, ledgers(), ledgers()) is None
    assert own_word(PLANNED, Ledgers(), Ledgers()) is None, "there was no proxy"


def test_packets_become_events_that_know_their_flow() -> None:
    hits = tuple(PacketHit("0-loss", at_ns, "up", 7, "tcp 10.0.0.1:4 > 10.0.0.2:5", 60, "dropped") for at_ns in (300_000, 900_000))
    assert list(hits_of(crossed(hits=hits), origin_ns=400_000, since_ns=400_000)) == [
        FaultHit(
            fault="0-loss",
            at_ns=500_000,
            connection=None,
            direction="up",
            ordinal=7,
            bytes=60,
            decision="dropped",
            flow="tcp 10.0.0.1:4 > 10.0.0.2:5",
        )
    ]
