"""The ledger is exact in number and bounded in detail, and survives JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.wire.ledger import Counts, Incident, WireLedger, record_from_json, record_to_json


def incident(**fields: Any) -> Incident:
    told: dict[str, Any] = {
        "fault_id": "f", "connection": 0, "direction": "up", "ordinal": 3, "message": "Query", "bytes": 9, "sql": "x", "decision": "dropped", "at_ns": 5,
    }  # fmt: skip
    return Incident(**told | fields)


def test_counts_go_on_where_details_are_dropped() -> None:
    ledger = WireLedger(limit=2)
    for n in range(5):
        ledger.fitted("f")
        number = ledger.add(incident(ordinal=n))
        ledger.delivered(number, "f")
        ledger.answered(number, "f", "40001")
    ledger.add(incident(fault_id=""))
    record = ledger.record
    assert record.counts == {"f": Counts(fitted=5, hit=5, delivered=5, answered=5)}
    assert [(kept.ordinal, kept.delivered, kept.answered) for kept in record.incidents] == [(0, True, "40001"), (1, True, "40001")]
    assert (record.dropped, record.unreadable) == (4, 1)


def test_each_arming_counts_anew() -> None:
    ledger = WireLedger()
    assert ledger.occurrences("f", 1).next() == 0
    assert ledger.occurrences("f", 1).next() == 1
    assert ledger.occurrences("f", 2).next() == 0


def test_a_record_survives_json() -> None:
    ledger = WireLedger()
    ledger.messages["up"] += 3
    ledger.add(incident())
    assert record_from_json(json.loads(json.dumps(record_to_json(ledger.record)))) == ledger.record


@pytest.mark.parametrize("raw", [None, {}, {"incidents": 1, "counts": {}}, {"counts": [], "incidents": []}])
def test_what_is_no_record_is_refused(raw: Any) -> None:
    with pytest.raises(PeerProtocolError, match="no record of messages"):
        record_from_json(raw)
