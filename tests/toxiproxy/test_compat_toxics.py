"""Toxiproxy's own toxics, on a clock that the test moves."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.model import Direction, Ending, Item, Meeting
from fraiseql_chaos.toxiproxy.compat import Compat
from fraiseql_chaos.toxiproxy.compat_toxics import Since
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.model import Toxic
from layers.stream.oneway import OneWay

TIMEOUT = Toxic(name="t", type="timeout", stream="downstream", toxicity=Float32(1), attributes={"timeout": 100})
RESET = Toxic(name="t", type="reset_peer", stream="downstream", toxicity=Float32(1), attributes={"timeout": 50})
NEVER = Float32(0)


def armed_with(toxic: Toxic, *, upcoming: int = 0) -> Armed:
    """Arm what a toxic does at Toxiproxy; connections from ``upcoming`` on are opened under it."""
    armed = Armed(7)
    for number, fault in enumerate(Compat().faults(toxic)):
        armed.arm(str(number), fault, name="toxic", now_ns=0, present=range(upcoming), upcoming=upcoming)
    return armed


def met(armed: Armed, direction: Direction = "down") -> OneWay:
    way = OneWay(armed, direction=direction)
    way.renew(0)
    return way


def test_a_silence_begins_anew_at_each_chunk() -> None:
    """Who sends every 60 ms is not cut off after 100; the last chunk's own silence counts."""
    way = met(armed_with(TIMEOUT))
    left: list[Item] = []
    for at in range(60, 301, 60):
        left += way.take(ms(at).ns)
        way.feed(b"x", ms(at).ns)
    assert left == []
    assert way.take(ms(399).ns) == []
    assert way.take(ms(400).ns) == [Ending.CUT]


def test_who_is_silent_from_the_start_is_cut_off_in_time() -> None:
    way = met(armed_with(TIMEOUT))
    assert way.take(ms(99).ns) == []
    assert way.take(ms(100).ns) == [Ending.CUT]


def test_an_ending_of_the_peers_own_ends_it_at_once_and_the_other_way_passes() -> None:
    armed = armed_with(TIMEOUT)
    way, back = met(armed), met(armed, "up")
    way.feed(Ending.FIN, ms(10).ns)
    assert way.take(ms(10).ns) == [Ending.CUT]
    back.feed(b"x", ms(10).ns)
    assert back.take(ms(10).ns) == [b"x"]


@pytest.mark.parametrize("share", [1, 0])
def test_removing_a_timeout_cuts_whether_it_hit_or_not(share: float) -> None:
    """The share is not asked there."""
    armed = armed_with(Toxic(name="t", type="timeout", stream="downstream", toxicity=Float32(share), attributes={"timeout": 0}))
    way = met(armed)
    armed.heal("0")
    armed.heal("1")
    way.renew(1)
    assert way.take(1) == [Ending.CUT]


def test_changing_a_timeout_cuts_nothing_and_waits_anew() -> None:
    semantics = Compat()
    before = semantics.faults(TIMEOUT)
    after = semantics.faults(Toxic(name="t", type="timeout", stream="downstream", toxicity=Float32(1), attributes={"timeout": 500}), before)
    armed = Armed(7)
    for number, fault in enumerate(before):
        armed.arm(str(number), fault, name="toxic", now_ns=0)
    way = met(armed)
    way.feed(b"x", ms(10).ns)
    armed.replace("0", after[0], now_ns=ms(50).ns)
    way.renew(ms(50).ns)
    assert after[1] is before[1]
    assert way.take(ms(549).ns) == []
    assert way.take(ms(550).ns) == [Ending.CUT]


def test_a_reset_waits_for_a_chunk() -> None:
    """So an idle connection of a pool never meets it; everything behind the chunk is swallowed."""
    way = met(armed_with(RESET))
    assert way.due_ns is None
    way.feed(b"x", ms(1000).ns)
    way.feed(b"y", ms(1001).ns)
    assert way.run_out() == [(ms(1050).ns, Ending.RESET)]


def test_a_connection_from_before_a_reset_is_cut_without_an_rst() -> None:
    way = met(armed_with(RESET, upcoming=1))
    way.feed(b"x", 0)
    assert way.run_out() == [(ms(50).ns, Ending.CUT)]


@pytest.mark.parametrize(("upcoming", "ending"), [(0, Ending.RESET), (1, Ending.FIN)], ids=["opened under it", "opened before"])
def test_a_reset_that_never_hits_still_turns_a_farewell_into_an_rst(upcoming: int, ending: Ending) -> None:
    """Toxicity 0 still lingers, in both directions."""
    armed = armed_with(Toxic(name="t", type="reset_peer", stream="downstream", toxicity=NEVER, attributes={"timeout": 0}), upcoming=upcoming)
    for direction in ("up", "down"):
        way = OneWay(armed, direction=direction)
        way.renew(0)
        way.feed(b"x", 1)
        way.feed(Ending.FIN, 2)
        assert way.take(2) == [b"x", ending]


def test_who_was_opened_under_a_reset_stays_so_when_it_is_changed() -> None:
    """The option is set when a connection is opened; to change the toxic does not take it back."""
    since = Since()

    def meeting(connection: int, *, is_new: bool) -> Meeting:
        return Meeting(connection=connection, is_new=is_new, armed_ns=0, seed=7, name="t")

    assert not since.covers(meeting(4, is_new=False))
    assert since.covers(meeting(5, is_new=True))
    assert since.covers(meeting(5, is_new=False))
    assert not since.covers(meeting(4, is_new=False))


def test_a_latency_is_drawn_in_whole_milliseconds_half_open_at_the_top() -> None:
    delays = set()
    for connection in range(400):
        armed = armed_with(Toxic(name="t", type="latency", stream="downstream", toxicity=Float32(1), attributes={"latency": 10, "jitter": 2}))
        way = OneWay(armed, connection=connection)
        way.feed(b"x", 0)
        delays |= {left_ns / NS_PER_MS for left_ns, _ in way.run_out()}
    assert delays == {8, 9, 10, 11}


@pytest.mark.parametrize(("latency", "jitter"), [(-5, 0), (0, 0), (-5, -5)])
def test_a_latency_below_nothing_is_none(latency: int, jitter: int) -> None:
    way = met(
        armed_with(Toxic(name="t", type="latency", stream="downstream", toxicity=Float32(1), attributes={"latency": latency, "jitter": jitter}))
    )
    way.feed(b"x", 7)
    assert way.take(7) == [b"x"]
