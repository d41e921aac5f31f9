"""Addresses and faults survive the way through JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import Duration, ms
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.stream.codec import address_from_json, address_to_json, fault_from_json, fault_to_json
from fraiseql_chaos.layers.stream.faults import HalfOpen, Latency, Refuse
from fraiseql_chaos.layers.stream.model import Address, StreamFault, TcpAddress, UnixAddress
from fraiseql_chaos.layers.stream.scope import Scope


@settings(deadline=None)  # A busy machine is no failure.
@given(delay_ns=st.integers(1, 10**13), jitter_share=st.floats(0, 1), direction=st.sampled_from(["up", "down"]))
def test_a_latency_comes_back_to_the_nanosecond(delay_ns: int, jitter_share: float, direction: str) -> None:
    fault = Latency(delay=Duration(delay_ns), jitter=Duration(int(delay_ns * jitter_share)), direction="up" if direction == "up" else "down")
    assert fault_from_json(json.loads(json.dumps(fault_to_json(fault)))) == fault


EXAMPLES = (Latency(delay=ms(250), jitter=ms(50), direction="up", scope=Scope(toxicity=0.5, first=2)), HalfOpen(gone="service"), Refuse())


@pytest.mark.parametrize("fault", EXAMPLES, ids=str)
def test_a_fault_comes_back(fault: StreamFault) -> None:
    assert fault_from_json(json.loads(json.dumps(fault_to_json(fault)))) == fault


@pytest.mark.parametrize("address", [TcpAddress(host="db.example", port=5432), UnixAddress(path=Path("/run/postgresql/.s.PGSQL.5432"))])
def test_an_address_comes_back(address: Address) -> None:
    assert address_from_json(json.loads(json.dumps(address_to_json(address)))) == address


@pytest.mark.parametrize("raw", [None, {}, {"host": "x"}, {"path": 7}, {"host": "x", "port": "5432"}, {"path": "/x", "port": 1}])
def test_what_is_no_address_is_refused(raw: object) -> None:
    with pytest.raises(LocalProtocolError, match="an address is"):
        address_from_json(raw)


@pytest.mark.parametrize("raw", [{"host": "", "port": 1}, {"host": "x", "port": 0}, {"host": "x", "port": 65536}, {"path": "relative"}])
def test_an_address_that_leads_nowhere_is_refused(raw: object) -> None:
    with pytest.raises(DeclarationError, match="nothing was opened"):
        address_from_json(raw)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (7, "a fault is"),
        ({"kind": "latency"}, "a fault is"),
        ({"kind": "latency", "parameters": {"delay": 5}}, "has no parameter delay; it has delay_ms"),
        ({"kind": "latency", "parameters": {}}, "latency: .*delay"),
    ],
)
def test_what_has_not_the_shape_of_a_fault_is_refused(raw: object, words: str) -> None:
    with pytest.raises((LocalProtocolError, DeclarationError), match=words):
        fault_from_json(raw)
