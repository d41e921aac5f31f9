"""Each fault recognises itself in what others saw, and in nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.core import Json, ms
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


def logged(message: str, sqlstate: str = "00000") -> Sample:
    value: dict[str, Json] = {"message": message, "severity": "ERROR", "sqlstate": sqlstate, "pid": 7}
    return Sample(probe="server_log", began_ns=0, at_ns=0, ok=False, value=value)


def backends(*pids: int, waits_ms: float = 0, state: str = "active") -> Sample:
    found: list[Json] = [{"pid": pid, "state": state, "wait_event": "ClientRead", "state_age_ms": waits_ms} for pid in pids]
    return Sample(probe="server_sessions", began_ns=0, at_ns=0, ok=True, value={"backends": found})


def login(sqlstate: str = "") -> Sample:
    return Sample(probe="edge_login", began_ns=0, at_ns=0, ok=not sqlstate, value={"sqlstate": sqlstate})


@pytest.mark.parametrize(
    ("fault", "during", "count"),
    [
        (CutAt(trigger=ROW), logged("unexpected EOF on client connection with an open transaction", "08006"), 1),
        (ResetAt(trigger=ROW), logged("could not receive data from client: Connection reset by peer", "08006"), 1),
        (TruncateResult(rows=1), backends(), 1),
        (StallAt(trigger=ROW), backends(1, waits_ms=250), 1),
        (DelayMessage(trigger=ROW, delay=ms(100)), backends(1, waits_ms=120), 1),
        (DelayMessage(trigger=ROW, delay=ms(100)), backends(1, waits_ms=90), 0),
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
    sightings = fault.sightings((backends(1),), (during,))
    assert sum(sighting.count for sighting in sightings if sighting.shows == "fault") == count
    assert [sighting.shows for sighting in sightings if sighting.shows == "reach"] == ["reach"]
    assert sum(sighting.count for sighting in sightings if sighting.shows == "reach") >= 1


@pytest.mark.parametrize("fault", [CutAt(trigger=ROW), TruncateResult(rows=0), StallAt(trigger=ROW), AnswerError(sqlstate="40001")])
def test_nothing_is_seen_where_nothing_was(fault: WireFault) -> None:
    strangers = (backends(1), logged("checkpoint complete"), Sample(probe="edge_connect", began_ns=0, at_ns=0, ok=True))
    assert all(sighting.count == 0 for sighting in fault.sightings((backends(1),), strangers) if sighting.shows == "fault")
    assert [sighting.count for sighting in fault.sightings((), ()) if sighting.shows == "reach"] == [0]


@pytest.mark.parametrize("cls", WIRE_FAULTS)
def test_every_fault_names_witnesses_that_it_looks_for(cls: Any) -> None:
    assert set(cls.witnesses) <= {"server_log", "server_sessions", "edge_login"}
    assert "server_sessions" in cls.witnesses
    assert (cls.layer, cls.door) == ("wire", "open")
