"""Each fault recognises itself in what others saw, and in nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fraiseql_chaos.core import NS_PER_MS, Json, ms
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.wire.faults import (
    WIRE_FAULTS,
    AnswerError,
    CorruptMessage,
    CutAt,
    DelayMessage,
    DropMessage,
    ResetAt,
    StallAt,
    TruncateResult,
)
from fraiseql_chaos.layers.wire.model import WireFault
from fraiseql_chaos.layers.wire.trigger import Trigger

ROW = Trigger(message="DataRow")
PATH = Sample(probe="service_path", began_ns=0, at_ns=0, ok=True, value={"through_edge": 2, "around_edge": 0, "connecting": 0})
AROUND = Sample(probe="service_path", began_ns=0, at_ns=0, ok=False, value={"through_edge": 1, "around_edge": 1, "connecting": 0})


def logged(message: str, sqlstate: str = "00000") -> Sample:
    value: dict[str, Json] = {"message": message, "severity": "ERROR", "sqlstate": sqlstate, "pid": 7}
    return Sample(probe="server_log", began_ns=0, at_ns=0, ok=False, value=value)


def backends(*pids: int, waits_ms: float = 0, state: str = "active") -> Sample:
    found: list[Json] = [{"pid": pid, "state": state, "wait_event": "ClientRead", "state_age_ms": waits_ms} for pid in pids]
    return Sample(probe="server_sessions", began_ns=0, at_ns=0, ok=True, value={"backends": found})


LOGIN = Trigger(message="Authentication")


def login(sqlstate: str = "", *, took_ms: float = 1) -> Sample:
    return Sample(probe="edge_login", began_ns=0, at_ns=round(took_ms * NS_PER_MS), ok=not sqlstate, value={"sqlstate": sqlstate})


def answer(*, took_ms: float = 1, wrong: int = 0) -> Sample:
    return Sample(probe="edge_answer", began_ns=0, at_ns=round(took_ms * NS_PER_MS), ok=not wrong, value={"wrong": wrong})


def count_of(fault: WireFault, before: tuple[Sample, ...], during: tuple[Sample, ...], shows: str = "fault") -> int:
    return sum(sighting.count for sighting in fault.sightings(before, during) if sighting.shows == shows)


@pytest.mark.parametrize(
    ("fault", "during", "count"),
    [
        (CutAt(trigger=ROW), logged("unexpected EOF on client connection with an open transaction", "08006"), 1),
        (ResetAt(trigger=ROW), logged("could not receive data from client: Connection reset by peer", "08006"), 1),
        (TruncateResult(rows=1), backends(), 1),
        (StallAt(trigger=ROW), backends(1, waits_ms=250), 1),
        (DelayMessage(trigger=ROW, delay=ms(100)), backends(1, waits_ms=120), 1),
        (DelayMessage(trigger=ROW, delay=ms(100)), backends(1, waits_ms=90), 0),
        (DelayMessage(trigger=LOGIN, delay=ms(100)), login(took_ms=120), 1),
        (DelayMessage(trigger=LOGIN, delay=ms(100)), login(took_ms=90), 0),
        (DropMessage(trigger=ROW), backends(1, waits_ms=5000, state="idle"), 0),
        (DropMessage(trigger=ROW), backends(1, waits_ms=5000), 1),
        (CorruptMessage(trigger=ROW), logged("invalid frontend message", "08P01"), 1),
        (AnswerError(sqlstate="40001"), logged("could not serialize access", "40001"), 1),
        (AnswerError(sqlstate="40001"), logged("deadlock detected", "40P01"), 0),
        (AnswerError(sqlstate="53300", trigger=Trigger(message="StartupMessage")), login("53300"), 1),
        (AnswerError(sqlstate="57P01", trigger=Trigger(message="ReadyForQuery")), backends(), 1),
    ],
)
def test_a_fault_is_seen_in_its_own_traces(fault: WireFault, during: Sample, count: int) -> None:
    before = (backends(1), PATH)
    assert count_of(fault, before, (during, PATH)) == count
    assert count_of(fault, before, (during, PATH), "reach") == 1
    assert count_of(fault, before, (during, PATH, AROUND), "reach") == 0


SPOILT = [
    (CorruptMessage(trigger=ROW), answer(wrong=1)),
    (TruncateResult(rows=1), answer(wrong=2)),
    (TruncateResult(rows=1, then="complete"), answer(wrong=2)),
    (DropMessage(), answer(wrong=2)),
    (StallAt(), answer(took_ms=200)),
    (StallAt(lasting=ms(20)), answer(took_ms=20)),
    (DelayMessage(delay=ms(100), jitter=ms(40)), answer(took_ms=60)),
]


@pytest.mark.parametrize(("fault", "look"), SPOILT, ids=str)
def test_answers_to_questions_of_our_own_bear_witness(fault: WireFault, look: Sample) -> None:
    """More than one, if all was well before, and not where the fault that was meant for the service may have hit ours."""
    assert count_of(fault, (answer(),), (look, look)) == 2
    assert count_of(fault, (answer(),), (look, answer())) == 0
    assert count_of(fault, (answer(), look), (look, look)) == 0
    assert count_of(fault, (), (look, look)) == 0
    shared = replace(fault, trigger=replace(fault.trigger, counted="edge"))  # type: ignore[type-var]  # each is a dataclass
    assert count_of(shared, (answer(),), (look, look)) == 0


@pytest.mark.parametrize(
    ("fault", "trace"),
    [
        (CutAt(), (logged("unexpected EOF on client connection with an open transaction"),)),
        (ResetAt(), (backends(1), backends())),
        (StallAt(), (backends(1, waits_ms=250),)),
        (AnswerError(sqlstate="40001"), (logged("could not serialize access", "40001"),)),
        (AnswerError(sqlstate="53300", trigger=Trigger(message="StartupMessage")), (login("53300"),)),
    ],
    ids=str,
)
def test_what_was_there_before_the_fault_is_not_its_doing(fault: WireFault, trace: tuple[Sample, ...]) -> None:
    assert count_of(fault, (), trace) > 0
    assert count_of(fault, trace, trace) == 0


@pytest.mark.parametrize("fault", [CutAt(trigger=ROW), TruncateResult(rows=0), StallAt(trigger=ROW), AnswerError(sqlstate="40001")])
def test_nothing_is_seen_where_nothing_was(fault: WireFault) -> None:
    strangers = (backends(1), logged("checkpoint complete"), Sample(probe="edge_connect", began_ns=0, at_ns=0, ok=True))
    assert all(sighting.count == 0 for sighting in fault.sightings((backends(1),), strangers) if sighting.shows == "fault")
    assert [sighting.count for sighting in fault.sightings((), ()) if sighting.shows == "reach"] == [0]


@pytest.mark.parametrize("cls", WIRE_FAULTS)
def test_every_fault_names_witnesses_that_it_looks_for(cls: Any) -> None:
    assert set(cls.witnesses) <= {"server_log", "server_sessions", "edge_login", "edge_answer", "service_path"}
    assert "service_path" in cls.witnesses
    assert (cls.layer, cls.door) == ("wire", "open")
