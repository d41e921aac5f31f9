"""A fault is asked about what its own witnesses saw, split at the instants of arming and healing; the injector's word never decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.experiment import evidence
from fraiseql_chaos.experiment.deployment import Ledgers
from fraiseql_chaos.history import FaultArmed, FaultHealed, FaultHit, Sample
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic
from fraiseql_chaos.layers.wire.faults import CutAt
from fraiseql_chaos.layers.wire.ledger import Counts, Incident, WireRecord
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Declaration, Planned

UNREAD = WireRecord(messages_up=0, messages_down=0, unreadable=0, counts={}, incidents=(), dropped=0)

PLANNED = Planned(fault_id="0-refuse", declaration=Declaration(fault=Refuse(), target="database"))
ARMED = FaultArmed(fault="0-refuse", began_ns=100, at_ns=110)
HEALED = FaultHealed(fault="0-refuse", began_ns=190, at_ns=200)


def refused(began_ns: int, at_ns: int, probe: str = "edge_connect") -> Sample:
    return Sample(probe=probe, began_ns=began_ns, at_ns=at_ns, ok=False, error="ECONNREFUSED")


def sessions(at_ns: int, count: int) -> Sample:
    return Sample(probe="server_sessions", began_ns=at_ns, at_ns=at_ns, ok=True, value={"sessions": count})


def counts(*samples: Sample) -> list[int]:
    return [said.count for said in evidence.testimony(PLANNED, ARMED, HEALED, samples)]


@pytest.mark.parametrize(
    ("began_ns", "at_ns", "counted"),
    [
        (0, 99, 0),
        (90, 100, 1),  # It ended as arming began, so the fault may have been there.
        (150, 150, 1),
        (200, 300, 1),  # It began as healing ended.
        (201, 300, 0),
        (0, 500, 1),  # It hung through all of it.
    ],
)
def test_look_counts_if_it_may_have_met_the_fault(began_ns: int, at_ns: int, counted: int) -> None:
    assert counts(refused(began_ns, at_ns)) == [counted, 0]


@pytest.mark.parametrize(("at_ns", "counted"), [(99, 1), (100, 0)])
def test_health_is_what_ended_before_arming_began(at_ns: int, counted: int) -> None:
    assert counts(sessions(at_ns, 5), sessions(150, 0)) == [0, counted]


def test_only_the_faults_own_witnesses_are_heard() -> None:
    assert counts(refused(150, 150, probe="service_ready"), refused(150, 150)) == [1, 0]


def test_every_witness_speaks_also_if_it_saw_nothing() -> None:
    said = list(evidence.testimony(PLANNED, ARMED, HEALED, ()))
    assert [(word.fault, word.count, word.independent, word.shows) for word in said] == [
        ("0-refuse", 0, True, "fault"),
        ("0-refuse", 0, True, "reach"),
    ]
    assert [(word.witness, word.statement) for word in said] == [
        ("kernel, asked by a connect to the edge", "0 connects were answered ECONNREFUSED"),
        (
            "pg_stat_activity over the control socket",
            "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it",
        ),
    ]


def ledgers(
    *, cut: int = 0, delayed: dict[str, int] | None = None, up: int = 0, down: int = 0, hits: tuple[Hit, ...] = (), messages: WireRecord = UNREAD
) -> Ledgers:
    traffic = [Traffic(bytes=count, chunks=1, held_bytes=0, dropped_bytes=0, added_bytes=0) for count in (up, down)]
    counts = {fault_id: {"delayed": count, "dropped": 1} for fault_id, count in (delayed or {}).items()}
    edge = Ledger(connections_opened=9, connections_failed=0, connections_cut=cut, connections_open=1, up=traffic[0], down=traffic[1], hits=counts)
    return Ledgers(edge=edge, hits=hits, messages=messages)


def test_injectors_own_word_counts_from_the_runs_beginning_and_never_decides() -> None:
    planned = Planned(fault_id="0-latency", declaration=Declaration(fault=Latency(delay=ms(250)), target="database"))
    before = ledgers(cut=2, delayed={"0-latency": 5, "9-latency": 100}, up=1000, down=10_000)
    after = ledgers(cut=5, delayed={"0-latency": 12, "9-latency": 900}, up=1200, down=13_000)
    word = evidence.own_word(planned, before, after)
    assert (word.fault, word.witness, word.independent, word.count) == ("0-latency", "ledger of the edge", False, 10)
    assert word.statement == "7 chunks delayed, 0 chunks dropped, 3 connections cut; 3200 bytes passed in the whole run"


def test_injectors_own_word_about_messages_says_what_fitted_what_was_hit_and_what_became_of_it() -> None:
    planned = Planned(fault_id="0-cut_at", declaration=Declaration(fault=CutAt(trigger=Trigger()), target="database"))
    before = ledgers(messages=replace(UNREAD, counts={"0-cut_at": Counts(fitted=2, hit=1)}))
    after = ledgers(messages=replace(UNREAD, counts={"0-cut_at": Counts(fitted=9, hit=4, delivered=2, answered=1)}), up=50)
    word = evidence.own_word(planned, before, after)
    assert (word.count, word.independent) == (3, False)
    assert word.statement == ("3 of 7 messages that fitted were hit, 2 of them delivered, 1 answered with an error; 50 bytes passed in the whole run")


def test_fault_that_the_ledger_does_not_know_delayed_nothing() -> None:
    assert evidence.own_word(PLANNED, ledgers(), ledgers()).count == 0


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
    found = list(evidence.hits_of(ledgers(hits=hits, messages=replace(UNREAD, incidents=(incident,))), origin_ns=400_000, since_ns=400_000))
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
