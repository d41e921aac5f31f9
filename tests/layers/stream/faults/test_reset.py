"""A reset reaches idle connections, with a real RST, at the end that was asked for."""

from __future__ import annotations

import time

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Reset
from fraiseql_chaos.layers.stream.model import Direction, Ending
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [Reset(), Reset(after=ms(5), direction="up"), Reset(direction="down")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Reset) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"after": 5}, r"after=5 has no unit; write after=ms\(250\)"),
        ({"direction": "left"}, "direction is one of 'both' .*, 'down' .*, 'up' .*, not 'left'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^reset: {told}.*; nothing was armed$"):
        Reset(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_everything_passes_until_then() -> None:
    flow = OneWay(armed_with(Reset(after=ms(10))))
    flow.feed(b"question", 0)
    assert flow.take(0) == [b"question"]
    flow.feed(b"another", 9 * NS_PER_MS)
    assert flow.take(9 * NS_PER_MS) == [b"another"]
    assert flow.run_out() == [(10 * NS_PER_MS, Ending.RESET)]


@pytest.mark.parametrize("direction", ["down", "up"])
def test_one_end_is_reset_and_the_other_closed(direction: Direction) -> None:
    flow = OneWay(armed_with(Reset(direction=direction)), direction=direction)
    flow.renew(5)
    assert flow.run_out() == [(5, Ending.LOST)]
    assert flow.other == [(5, Ending.FIN)]


def test_a_heal_before_its_time_spares_the_connection() -> None:
    armed = armed_with(Reset(after=ms(10)))
    flow = OneWay(armed)
    flow.renew(0)
    armed.heal("0-reset")
    flow.renew(5)
    assert (flow.take(5), flow.due_ns) == ([], None)


@pytest.mark.parametrize(("direction", "error"), [("both", "ECONNRESET"), ("down", "ECONNRESET"), ("up", "EOF")])
def test_it_is_seen_by_what_becomes_of_an_idle_connection(direction: Direction, error: str) -> None:
    fault, before = Reset(direction=direction), look("edge_idle", idle_ms=100)
    ended, other = look("edge_idle", error=error), look("edge_idle", error="EOF" if error != "EOF" else "ECONNRESET")
    assert seen(fault, (before, path()), (before, ended, before, path(0))) == (1, 1)
    assert seen(fault, (before, path()), (other, path(0))) == (0, 1)
    assert seen(fault, (before, ended, path()), (ended, path(0))) == (0, 1)
    assert seen(fault, (before, path()), ()) == (0, 0)


def test_the_servers_log_tells_what_the_server_was_sent() -> None:
    line = look("server_log", message="could not receive data from client: Connection reset by peer")
    other = look("server_log", message="disconnection: session time: 0:00:01")
    before = (look("edge_idle", idle_ms=100), path())
    assert [seen(Reset(direction=way), before, (line, line, other, path(0)))[0] for way in ("both", "up", "down")] == [2, 2, 0]
    assert seen(Reset(), before, (other, path(0)))[0] == 0


@pytest.mark.parametrize("direction", ["both", "down", "up"])
def test_an_idle_connection_meets_a_real_rst_at_the_end_that_was_asked_for(edge: Edge, direction: Direction) -> None:
    with greeted(edge) as (near, far):
        edge.control.arm(edge.name, "reset", Reset(direction=direction))
        for way, end in (("down", near), ("up", far)):
            if direction in {"both", way}:
                with pytest.raises(ConnectionResetError):
                    end.recv(1)
            else:
                assert end.recv(1) == b""
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")


def test_a_busy_connection_is_reset_in_time(edge: Edge) -> None:
    with greeted(edge) as (near, far):
        began_ns = time.monotonic_ns()
        edge.control.arm(edge.name, "reset", Reset(after=ms(200)))
        near.sendall(b"question")
        assert receive(far, 8) == b"question"
        with pytest.raises(ConnectionResetError):
            near.recv(1)
        assert time.monotonic_ns() - began_ns >= ms(200).ns


def test_connections_that_come_later_are_reset_too_as_many_as_asked(edge: Edge) -> None:
    edge.control.arm(edge.name, "reset", Reset(scope=Scope(first=2)))
    for _ in range(2):
        with pytest.raises(ConnectionResetError), edge.connect() as near:
            near.recv(1)
        edge.server.accept()[0].close()
    with greeted(edge) as (near, far):
        near.sendall(b"third")
        assert receive(far, 5) == b"third"
