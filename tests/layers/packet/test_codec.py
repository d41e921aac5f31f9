"""Faults, ledgers and hits survive the way through JSON."""

from __future__ import annotations

import json

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError, PeerProtocolError
from fraiseql_chaos.layers.packet.codec import (
    PACKET_KINDS,
    fault_from_json,
    fault_to_json,
    hits_from_json,
    hits_to_json,
    ledger_from_json,
    ledger_to_json,
)
from fraiseql_chaos.layers.packet.faults import BitFlip, Loss, PacketDelay, Partition
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from layers.packet.packets import armed_with, tcp

EXAMPLES = (
    Loss(rate=0.05, direction="up", match=Match(tcp="syn", first=1)),
    PacketDelay(delay=ms(250), jitter=ms(50), keeps_order=False, distribution="normal"),
    BitFlip(rate=1, bits=3, checksum="repaired", where="payload", match=Match(tcp="data", port=5432)),
    Partition(),
)


@pytest.mark.parametrize("fault", EXAMPLES, ids=str)
def test_a_fault_comes_back(fault: PacketFault) -> None:
    assert fault_from_json(json.loads(json.dumps(fault_to_json(fault)))) == fault


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (7, "a fault is"),
        ({"kind": "loss"}, "a fault is"),
        ({"kind": "loss", "parameters": {}, "more": 1}, "a fault is"),
        ({"kind": "loss", "parameters": {"share": 5}}, "loss has no parameter share; it has rate, direction, match; nothing was armed"),
        ({"kind": "loss", "parameters": {}}, "loss: .*rate"),
        ({"kind": "loss", "parameters": {"rate": 2}}, "loss: rate is a share above 0 and at most 1, not 2; nothing was armed"),
        ({"kind": "loss", "parameters": {"rate": 1, "match": {"tcp": "x"}}}, "match: tcp is one of"),
        (
            {"kind": "latency", "parameters": {}},
            f"no fault of a link is called 'latency'; this release knows {', '.join(sorted(PACKET_KINDS))}; nothing",
        ),
    ],
)
def test_what_has_not_the_shape_of_a_fault_is_refused(raw: object, words: str) -> None:
    with pytest.raises((LocalProtocolError, DeclarationError), match=words):
        fault_from_json(raw)


def test_a_ledger_and_hits_come_back() -> None:
    engine = armed_with(Loss(rate=1))
    engine.feed("up", tcp(), 1)
    assert ledger_from_json(json.loads(json.dumps(ledger_to_json(engine.ledger())))) == engine.ledger()
    assert hits_from_json(json.loads(json.dumps(hits_to_json(engine.hits())))) == engine.hits() != ()


@pytest.mark.parametrize("raw", [None, {}, {"up": 1, "down": 2}, {"up": {}, "down": {}, "fitted": {}, "hits": {}}])
def test_what_is_no_ledger_is_refused(raw: object) -> None:
    with pytest.raises(PeerProtocolError, match="no ledger"):
        ledger_from_json(raw)


@pytest.mark.parametrize("raw", [None, [1], [[1, 2]]])
def test_what_is_no_list_of_hits_is_refused(raw: object) -> None:
    with pytest.raises(PeerProtocolError, match="no list of hits"):
        hits_from_json(raw)
