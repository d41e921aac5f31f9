"""Toxics that no fault of ours is, on a clock that the test moves."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS, Duration, ms, seconds
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.faults import Timeout
from fraiseql_chaos.layers.stream.model import Ending, StreamFault
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.toxiproxy.quirks import enduring, hold, nothing, wander
from layers.stream.oneway import OneWay

HERE = Scope()


def armed_with(*faults: StreamFault, seed: int = 7) -> Armed:
    armed = Armed(seed)
    for number, fault in enumerate(faults):
        armed.arm(str(number), fault, name="toxic", now_ns=0)
    return armed


def test_nothing_lets_everything_pass_and_bends_nothing() -> None:
    """It costs a connection nothing: it has no stage there."""
    way = OneWay(armed_with(nothing()))
    way.feed(b"x", 5)
    assert way.take(5) == [b"x"]
    assert way.talk.stages == ()


def test_what_is_held_leaves_in_order_when_it_is_healed() -> None:
    """Endings, too; and the other direction passes."""
    armed = armed_with(hold("down", HERE))
    way, back = OneWay(armed), OneWay(armed, direction="up")
    for item in (b"a", b"b", Ending.FIN):
        way.feed(item, 1)
    assert (way.take(seconds(1e6).ns), way.due_ns) == ([], None)
    back.feed(b"c", 1)
    assert back.take(1) == [b"c"]
    armed.heal("0")
    way.renew(2)
    assert way.take(2) == [b"a", b"b", Ending.FIN]


@pytest.mark.parametrize(("delay_ms", "jitter_ms"), [(0, 10), (5, 10), (-5, 10), (-20, 10)])
def test_a_jitter_wider_than_its_delay_never_goes_back_in_time(delay_ms: int, jitter_ms: int) -> None:
    """Each item by itself, because the engine keeps order and would hide an early one behind a late one."""
    delays = []
    for connection in range(300):
        way = OneWay(armed_with(wander(delay_ms * NS_PER_MS, ms(jitter_ms), "down", HERE)), connection=connection)
        way.feed(b"x", NS_PER_MS)
        ((left_ns, _),) = way.run_out()
        delays.append(left_ns - NS_PER_MS)
    at_most_ns = max(0, delay_ms + jitter_ms) * NS_PER_MS
    assert all(0 <= delay_ns <= at_most_ns for delay_ns in delays)
    assert max(delays) >= at_most_ns * 0.9
    assert min(delays) == 0


def swallowing(after: Duration = Duration(0)) -> Timeout:
    return Timeout(after=after, direction="down")


def test_a_change_of_what_swallows_cuts_nothing() -> None:
    """Neither what was to come, nor the last word; the new one goes on, on its own time, and its end still knows what the old one swallowed."""
    first, second = (enduring(swallowing(ms(100))), None)
    armed = armed_with(*first)
    way = OneWay(armed)
    way.renew(0)
    way.feed(b"lost", 1)
    second = enduring(swallowing(ms(500)), first)
    assert second[1] is first[1]
    armed.replace("0", second[0], now_ns=ms(50).ns)
    way.renew(ms(50).ns)
    assert way.take(ms(50).ns) == []
    assert way.run_out() == [(ms(550).ns, Ending.CUT)]


@pytest.mark.parametrize(("fed", "left"), [([b"lost"], [Ending.CUT]), ([], [])], ids=["it lost something", "it was idle"])
def test_its_removal_cuts_what_lost_something(fed: list[bytes], left: list[Ending]) -> None:
    armed = armed_with(*enduring(swallowing()))
    way = OneWay(armed)
    way.renew(0)
    for item in fed:
        way.feed(item, 1)
    armed.heal("0")
    armed.heal("1")
    way.renew(2)
    assert way.take(2) == left
