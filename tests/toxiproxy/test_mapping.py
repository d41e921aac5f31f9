"""From a toxic to the fault that does it: each type, and every number that a client may think of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import ms, us
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.faults import Bandwidth, Latency, Limit, Reset, Slicer, SlowClose, Timeout
from fraiseql_chaos.layers.stream.model import Ending, StreamFault
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.mapping import fault_for
from fraiseql_chaos.toxiproxy.model import TOXIC_TYPES, Toxic
from fraiseql_chaos.toxiproxy.quirks import Quirk
from layers.stream.oneway import OneWay

HALF = Scope(toxicity=0.5)


def toxic(kind: str, *numbers: int, toxicity: float = 0.5, stream: str = "upstream") -> Toxic:
    """Return a toxic with these attributes, in their order."""
    attributes = dict(zip(TOXIC_TYPES[kind].attributes, numbers, strict=True))
    return Toxic(name="t", type=kind, stream=stream, toxicity=Float32(toxicity), attributes=attributes)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (toxic("latency", 100, 10), Latency(delay=ms(100), jitter=ms(10), direction="up", scope=HALF)),
        (toxic("latency", 100, -10), Latency(delay=ms(100), direction="up", scope=HALF)),
        (toxic("bandwidth", 5), Bandwidth(rate_bytes_per_s=5000, direction="up", scope=HALF)),
        (toxic("slow_close", 7), SlowClose(delay=ms(7), direction="up", scope=HALF)),
        (toxic("timeout", 7), Timeout(after=ms(7), direction="up", scope=HALF)),
        (toxic("timeout", -7), Timeout(after=ms(0), direction="up", scope=HALF)),
        (toxic("reset_peer", 7), Reset(after=ms(7), scope=HALF)),
        (toxic("reset_peer", 0), Reset(scope=HALF)),
        (toxic("slicer", 10, 5, 100), Slicer(average_bytes=10, variation_bytes=5, delay=us(100), direction="up", scope=HALF)),
        (toxic("slicer", 10, 50, -1), Slicer(average_bytes=10, variation_bytes=9, direction="up", scope=HALF)),
        (toxic("limit_data", 5), Limit(bytes=5, direction="up", scope=HALF)),
        (toxic("limit_data", -5), Limit(bytes=0, direction="up", scope=HALF)),
        (toxic("latency", 1, 0, toxicity=2, stream="DownStream"), Latency(delay=ms(1))),
    ],
)
def test_what_a_fault_of_ours_does_is_done_by_it(asked: Toxic, fault: StreamFault) -> None:
    """Milliseconds, kilobytes and microseconds become what we count in; a size below nothing is nothing."""
    assert fault_for(asked) == fault


@pytest.mark.parametrize(
    "asked",
    [
        toxic("noop"),
        toxic("latency", 0, 0),
        toxic("latency", -5, 0),
        toxic("slow_close", 0),
        toxic("slicer", 0, 0, 0),
        toxic("slicer", 0, 5, 100),
        toxic("timeout", 5, toxicity=0),
        toxic("reset_peer", 0, toxicity=-1),
    ],
)
def test_what_would_do_nothing_does_nothing(asked: Toxic) -> None:
    fault = fault_for(asked)
    assert isinstance(fault, Quirk)
    assert fault.says == "nothing"


@pytest.mark.parametrize("rate", [0, -5])
def test_a_bandwidth_of_nothing_holds_everything(rate: int) -> None:
    fault = fault_for(toxic("bandwidth", rate))
    assert isinstance(fault, Quirk)
    assert fault.says == "holds everything"


def test_a_jitter_that_our_latency_refuses_is_done_all_the_same() -> None:
    fault = fault_for(toxic("latency", 5, 10))
    assert isinstance(fault, Quirk)
    assert fault.says == "wandering latency"


numbers = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))


@given(st.data())
def test_no_number_that_a_client_may_send_is_too_much(data: st.DataObject) -> None:
    """Any toxic can be armed and meets two chunks and an ending; Toxiproxy's process ends by some of them."""
    kind = data.draw(st.sampled_from(sorted(TOXIC_TYPES)))
    values: list[Any] = [data.draw(numbers) for _ in TOXIC_TYPES[kind].attributes]
    armed = Armed(7)
    armed.arm("t", fault_for(toxic(kind, *values, toxicity=data.draw(st.floats(-2, 2, width=32)))), name="t", now_ns=0)
    way = OneWay(armed, direction="up")
    way.renew(1)
    for item in (b"some bytes" * 100, b"and more", Ending.FIN):
        way.feed(item, 1)
    sent = b"".join(item for item in way.take(1) if isinstance(item, bytes))
    assert (b"some bytes" * 100 + b"and more").startswith(sent)
    armed.heal("t")
    way.renew(2)
    way.take(2)
    assert not way.is_holding
