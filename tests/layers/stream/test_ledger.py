"""A ledger survives the way through JSON, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest

from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic, hits_from_json, hits_to_json, ledger_from_json, ledger_to_json

LEDGER = Ledger(
    connections_opened=4,
    connections_failed=1,
    connections_cut=2,
    connections_open=1,
    up=Traffic(bytes=100, chunks=3, held_bytes=0, dropped_bytes=7, added_bytes=0),
    down=Traffic(bytes=2000, chunks=5, held_bytes=40, dropped_bytes=0, added_bytes=3),
    hits={"0-latency": {"delayed": 5}},
)


def test_a_ledger_comes_back() -> None:
    assert ledger_from_json(json.loads(json.dumps(ledger_to_json(LEDGER)))) == LEDGER


@pytest.mark.parametrize("raw", [None, 7, [], {}, {"up": {}, "down": {}}, ledger_to_json(LEDGER) | {"weather": "fine"}])
def test_what_is_no_ledger_is_the_peers_fault(raw: object) -> None:
    with pytest.raises(PeerProtocolError, match="no ledger"):
        ledger_from_json(raw)


def test_hits_come_back() -> None:
    hits = [Hit("0-latency", 5, 0, "down", 2, 10, "delayed"), Hit("1-limit", 6, 1, "up", 3, 9, "dropped")]
    assert hits_from_json(json.loads(json.dumps(hits_to_json(hits)))) == tuple(hits)


@pytest.mark.parametrize("raw", [None, 7, [7], [["0-latency"]], [list(range(30))]])
def test_what_are_no_hits_is_the_peers_fault(raw: object) -> None:
    with pytest.raises(PeerProtocolError, match="no list of hits"):
        hits_from_json(raw)
