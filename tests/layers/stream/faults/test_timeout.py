"""Nothing passes, and the connection ends as punctually as asked, however much its client talks."""

from __future__ import annotations

import time

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Timeout
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, joined, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [Timeout(after=ms(5)), Timeout(after=ms(0), direction="up"), Timeout(after=ms(5), direction="down")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Timeout) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"after": 5}, r"after=5 has no unit; write after=ms\(250\)"),
        ({"after": ms(5), "direction": "left"}, "direction is one of 'both' .*, 'down' .*, 'up' .*, not 'left'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^timeout: {told}.*; nothing was armed$"):
        Timeout(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_everything_is_swallowed_and_the_clock_does_not_start_again() -> None:
    flow = OneWay(armed_with(Timeout(after=ms(10))))
    flow.renew(0)
    for n in range(9):
        flow.feed(b"anybody there?", n * NS_PER_MS)
        assert flow.take(n * NS_PER_MS) == []
    assert flow.run_out() == [(10 * NS_PER_MS, Ending.CUT)]


def test_an_end_is_swallowed_too() -> None:
    flow = OneWay(armed_with(Timeout(after=ms(0))))
    flow.feed(Ending.FIN, 0)
    assert (flow.run_out(), flow.is_holding) == ([], False)


def test_after_0_never_closes() -> None:
    flow = OneWay(armed_with(Timeout(after=ms(0))))
    flow.feed(b"x", 0)
    assert flow.due_ns is None


def test_one_way_leaves_the_other_alone() -> None:
    flow = OneWay(armed_with(Timeout(after=ms(10), direction="up")))
    flow.feed(b"x", 0)
    assert flow.take(0) == [b"x"]
    assert flow.run_out() == [(10 * NS_PER_MS, Ending.CUT)]


@pytest.mark.parametrize(("said", "left"), [(b"x", [Ending.CUT]), (None, [])], ids=["something was lost", "nothing was lost"])
def test_a_heal_closes_what_lost_something_and_nothing_else(said: bytes | None, left: list[Ending]) -> None:
    armed = armed_with(Timeout(after=ms(10)))
    flow = OneWay(armed)
    flow.renew(0)
    if said is not None:
        flow.feed(said, 1)
    armed.heal("0-timeout")
    flow.renew(2)
    assert (flow.take(2), flow.due_ns) == (left, None)


def test_it_is_seen_when_connects_succeed_and_nobody_greets() -> None:
    fault, before = Timeout(after=ms(300)), look("edge_greeting", connect_ms=0.1, greeting_ms=1)
    ended = look("edge_greeting", error="EOF", connect_ms=0.1, greeting_ms=None)
    silent = look("edge_greeting", error="ETIMEDOUT", connect_ms=0.1, greeting_ms=None)
    refused = look("edge_greeting", error="ECONNREFUSED", connect_ms=None, greeting_ms=None)
    assert seen(fault, (before, path()), (ended, silent, path(0))) == (2, 1)
    assert seen(fault, (before, path()), (refused, refused, path(0))) == (0, 1)
    assert seen(fault, (before, path()), (before, path())) == (0, 1)
    assert seen(fault, (), ()) == (0, 0)


def test_a_real_idle_connection_ends_in_time_and_a_talkative_one_not_later(edge: Edge) -> None:
    with greeted(edge) as (idle, _), greeted(edge) as (talkative, deaf):
        began_ns = time.monotonic_ns()
        edge.control.arm(edge.name, "timeout", Timeout(after=ms(300)))
        talkative.sendall(b"anybody there?")
        assert idle.recv(1) == b""
        assert talkative.recv(1) == b""
        assert ms(300).ns <= time.monotonic_ns() - began_ns
        assert receive(deaf, 100) == b""
    assert edge.ledger.up.dropped_bytes == 14


def test_a_connection_that_comes_later_has_its_own_clock(edge: Edge) -> None:
    edge.control.arm(edge.name, "timeout", Timeout(after=ms(100)))
    began_ns = time.monotonic_ns()
    with joined(edge) as (near, far):
        far.sendall(b"swallowed")
        assert near.recv(1) == b""
        assert time.monotonic_ns() - began_ns >= ms(100).ns
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")


def test_a_real_heal_spares_who_was_silent(edge: Edge) -> None:
    with greeted(edge) as (silent, other), greeted(edge) as (speaker, _):
        edge.control.arm(edge.name, "timeout", Timeout(after=ms(0)))
        speaker.sendall(b"lost")
        eventually(lambda: edge.ledger.up.dropped_bytes == 4, "the loss")
        edge.control.heal(edge.name, "timeout")
        assert speaker.recv(1) == b""
        silent.sendall(b"still here")
        assert receive(other, 10) == b"still here"
