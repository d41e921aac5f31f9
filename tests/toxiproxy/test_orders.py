"""From a fault to what arms it on a Toxiproxy; what that cannot do is refused by name."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import Duration, ms, us
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import (
    Bandwidth,
    Blackhole,
    Corrupt,
    HalfOpen,
    Hang,
    Latency,
    Limit,
    Refuse,
    Reset,
    Slicer,
    SlowAccept,
    SlowClose,
    Timeout,
)
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.mapping import fault_for
from fraiseql_chaos.toxiproxy.model import Toxic
from fraiseql_chaos.toxiproxy.orders import Add, Disable, orders_for

HALF = Scope(toxicity=0.5)


@pytest.mark.parametrize(
    "fault",
    [
        Latency(delay=ms(250), jitter=ms(50), direction="up", scope=HALF),
        Bandwidth(rate_bytes_per_s=5000, scope=HALF),
        SlowClose(delay=ms(7)),
        Timeout(after=ms(0), direction="down"),
        Timeout(after=ms(70), direction="up", scope=HALF),
        Reset(after=ms(7), scope=HALF),
        Slicer(average_bytes=10, variation_bytes=5, delay=us(100)),
        Limit(bytes=5, direction="up"),
    ],
)
def test_what_is_ordered_is_the_same_fault_when_it_is_read_back(fault: Fault) -> None:
    """By our own server's reading of the toxic: the two mappings are each other's inverse."""
    orders = orders_for(fault)
    assert isinstance(orders, tuple)
    (order,) = orders
    toxic = Toxic(name="t", type=order.type, stream=order.stream, toxicity=Float32(order.toxicity), attributes=order.attributes)
    assert fault_for(toxic) == fault


def test_both_directions_are_two_toxics() -> None:
    attributes = {"timeout": 5}
    assert orders_for(Timeout(after=ms(5))) == tuple(
        Add(type="timeout", stream=stream, toxicity=1.0, attributes=attributes) for stream in ("upstream", "downstream")
    )


def test_refusing_is_disabling() -> None:
    assert orders_for(Refuse()) == Disable()


def test_a_toxic_is_sent_with_everything_in_it() -> None:
    order = Add(type="latency", stream="upstream", toxicity=0.5, attributes={"latency": 5})
    assert order.body("n") == {"name": "n", "type": "latency", "stream": "upstream", "toxicity": 0.5, "attributes": {"latency": 5}}


@pytest.mark.parametrize(
    ("fault", "cannot"),
    [
        (Latency(delay=ms(5), jitter=ms(1), distribution="normal"), "normal jitter"),
        (Latency(delay=ms(5), ramp=ms(100)), "ramps"),
        (Latency(delay=us(1500)), "parts of a millisecond, as in 1.5 ms"),
        (Latency(delay=ms(5), scope=Scope(from_connection=2)), "choosing connections by their number"),
        (Limit(bytes=5, scope=Scope(first=2)), "choosing connections by their number"),
        (Bandwidth(rate_bytes_per_s=1500), "rates other than whole kilobytes (1000 bytes) a second"),
        (Timeout(after=ms(5), scope=HALF), "hitting both directions of the same share of connections"),
        (Reset(direction="up"), "resetting one end alone"),
        (Slicer(average_bytes=5, delay=Duration(1)), "parts of a microsecond, as in 1 ns"),
        (Blackhole(), "the fault 'blackhole'"),
        (Corrupt(rate=0.1), "the fault 'corrupt'"),
        (HalfOpen(gone="server"), "the fault 'half_open'"),
        (Hang(), "the fault 'hang'"),
        (SlowAccept(delay=ms(5)), "the fault 'slow_accept'"),
        (Stop(), "the fault 'stop'"),
    ],
    ids=str,
)
def test_what_a_toxiproxy_cannot_do_is_refused_by_name(fault: Fault, cannot: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        orders_for(fault)
    assert str(refused.value).startswith(f"{fault.kind}: Toxiproxy cannot do {cannot}")
    assert str(refused.value).endswith("; nothing was armed")
