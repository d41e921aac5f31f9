"""What a fault does to one direction of one connection."""

from __future__ import annotations

from fraiseql_chaos.core import NS_PER_MS, dice, ms
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.layers.stream.toxics import Delay, make_toxic


def test_a_delay_counts_from_the_instant_of_arrival() -> None:
    toxic = Delay(Latency(delay=ms(10)), dice(1))
    assert list(toxic.pass_on(b"x", 5)) == [(10 * NS_PER_MS + 5, b"x")]


def test_a_delay_holds_endings_like_bytes() -> None:
    assert list(Delay(Latency(delay=ms(10)), dice(1)).pass_on(Ending.FIN, 0)) == [(10 * NS_PER_MS, Ending.FIN)]


def test_a_delay_draws_once_for_each_item() -> None:
    fault, expected = Latency(delay=ms(10), jitter=ms(4)), dice(1, "fault")
    toxic = Delay(fault, dice(1, "fault"))
    for _ in range(20):
        ((due_ns, _item),) = toxic.pass_on(b"x", 0)
        assert due_ns == fault.delay.ns + expected.randint(-fault.jitter.ns, fault.jitter.ns)


def test_a_fault_has_no_toxic_where_it_changes_nothing() -> None:
    assert make_toxic(Latency(delay=ms(10), direction="up"), "down", dice(1)) is None
    assert make_toxic(Latency(delay=ms(10), direction="up"), "up", dice(1)) is not None
    assert make_toxic(Refuse(), "up", dice(1)) is None
