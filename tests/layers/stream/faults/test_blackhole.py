"""What is on its way stays there until the heal, and new connects hang meanwhile."""

from __future__ import annotations

import socket
import time

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Blackhole
from fraiseql_chaos.layers.stream.model import Direction, Ending
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import DEADLINE_S, Edge, eventually, greeted, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [Blackhole(), Blackhole(direction="up"), Blackhole(direction="down")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Blackhole) -> None:
    check_stream_fault(fault)


def test_what_has_no_meaning_is_refused_by_name() -> None:
    with pytest.raises(DeclarationError, match=r"^blackhole: direction is one of 'both' .*, 'down' .*, 'up' .*, not 'left'; nothing was armed$"):
        Blackhole(direction="left")  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_all_is_held_and_arrives_in_order_when_it_heals() -> None:
    armed = armed_with(Blackhole())
    flow = OneWay(armed)
    flow.feed(b"one", 0)
    flow.feed(b"two", 1)
    flow.feed(Ending.FIN, 2)
    assert (flow.run_out(), flow.held_bytes) == ([], 6)
    armed.heal("0-blackhole")
    flow.renew(3)
    assert flow.take(3) == [b"one", b"two", Ending.FIN]


def test_one_way_leaves_the_other_alone() -> None:
    flow = OneWay(armed_with(Blackhole(direction="up")))
    flow.feed(b"x", 0)
    assert flow.take(0) == [b"x"]


def test_it_is_seen_by_connects_and_transfers_without_an_answer() -> None:
    fault, before = Blackhole(), (look("edge_connect"), look("edge_transfer", bytes=1))
    connect, transfer = look("edge_connect", error="ETIMEDOUT"), look("edge_transfer", error="TimeoutError")
    assert seen(fault, before, (connect, connect, transfer, path(), path(0, connecting=1))) == (3, 2)
    assert seen(fault, before, (*before, look("edge_connect", error="ECONNREFUSED"), path())) == (0, 1)
    assert seen(fault, (), (connect, transfer)) == (0, 0)
    assert seen(fault, before, ()) == (0, 0)


@pytest.mark.parametrize("direction", ["both", "down", "up"])
def test_real_bytes_and_connects_wait_until_it_heals(edge: Edge, direction: Direction) -> None:
    with greeted(edge) as (near, far), socket.socket() as hanging:
        edge.control.arm(edge.name, "dark", Blackhole(direction=direction))
        near.sendall(b"question")
        far.sendall(b"answer")
        if direction == "down":
            assert receive(far, 8) == b"question"
        if direction == "up":
            assert receive(near, 6) == b"answer"
        dark = {"both": 14, "up": 8, "down": 6}[direction]
        eventually(lambda: edge.ledger.up.held_bytes + edge.ledger.down.held_bytes == dark, "the holding of what is dark")
        hanging.settimeout(0.2)
        with pytest.raises(TimeoutError):
            hanging.connect((edge.address.host, edge.address.port))
        began_ns = time.monotonic_ns()
        edge.control.heal(edge.name, "dark")
        if direction != "down":
            assert receive(far, 8) == b"question"
        if direction != "up":
            assert receive(near, 6) == b"answer"
        assert time.monotonic_ns() - began_ns < ms(1000 * DEADLINE_S).ns
        with edge.connect():
            edge.server.accept()[0].close()
