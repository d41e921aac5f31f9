"""Endings are held, and nothing else is."""

from __future__ import annotations

import socket
import time

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import SlowClose
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, joined, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [SlowClose(delay=ms(5)), SlowClose(delay=seconds(1), direction="up")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: SlowClose) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"delay": 5}, r"delay=5 has no unit; write delay=ms\(250\)"),
        ({"delay": ms(0)}, "a delay of 0 would change nothing"),
        ({"delay": ms(5), "direction": "both"}, "direction is one of 'down' .*, 'up' .*, not 'both'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^slow_close: {told}.*; nothing was armed$"):
        SlowClose(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


@pytest.mark.parametrize("ending", Ending)
def test_bytes_pass_and_an_ending_is_held_from_its_own_arrival(ending: Ending) -> None:
    flow = OneWay(armed_with(SlowClose(delay=ms(10))))
    flow.feed(b"last words", 0)
    assert flow.take(0) == [b"last words"]
    flow.feed(ending, 5 * NS_PER_MS)
    assert flow.run_out() == [(15 * NS_PER_MS, ending)]


def test_the_other_way_ends_at_once() -> None:
    flow = OneWay(armed_with(SlowClose(delay=ms(10), direction="up")))
    flow.feed(Ending.FIN, 0)
    assert flow.take(0) == [Ending.FIN]


def test_a_heal_lets_a_held_ending_go() -> None:
    armed = armed_with(SlowClose(delay=ms(10)))
    flow = OneWay(armed)
    flow.feed(Ending.FIN, 0)
    armed.heal("0-slow_close")
    flow.renew(1)
    assert flow.take(1) == [Ending.FIN]


def test_it_is_seen_when_farewells_are_late() -> None:
    fault, before = SlowClose(delay=ms(200)), look("edge_farewell", took_ms=2)
    late, given_up = look("edge_farewell", took_ms=201), look("edge_farewell", took_ms=150, error="ETIMEDOUT")
    assert seen(fault, (before,), (late, given_up, path())) == (2, 1)
    assert seen(fault, (before,), (look("edge_farewell", took_ms=199), path())) == (0, 1)
    assert seen(fault, (late,), (late,)) == (0, 0)
    assert seen(fault, (before,), ()) == (0, 0)


def test_a_real_end_comes_late_and_bytes_do_not(edge: Edge) -> None:
    with greeted(edge) as (near, far):
        edge.control.arm(edge.name, "slow", SlowClose(delay=seconds(2)))
        began_ns = time.monotonic_ns()
        far.sendall(b"bye")
        far.shutdown(socket.SHUT_WR)
        assert receive(near, 3) == b"bye"
        assert time.monotonic_ns() - began_ns < seconds(2).ns
        near.sendall(b"heard")
        assert receive(far, 5) == b"heard"
        assert near.recv(1) == b""
        assert time.monotonic_ns() - began_ns >= seconds(2).ns


def test_sockets_linger_while_the_end_is_held_and_go_when_it_heals(edge: Edge) -> None:
    edge.control.arm(edge.name, "slow", SlowClose(delay=seconds(3600), direction="up"))
    with joined(edge) as (near, far):
        near.close()
        eventually(lambda: edge.ledger.hits == {"slow": {"delayed": 1}}, "the holding of the end")
        assert edge.ledger.connections_open == 1
        edge.control.heal(edge.name, "slow")
        assert far.recv(1) == b""
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")
