"""Connects succeed at once and are let in late, one after another."""

from __future__ import annotations

import contextlib
import time

import pytest

from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import SlowAccept
from fraiseql_chaos.testing import armed_with, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, receive
from layers.stream.looks import look, path, seen


def test_it_keeps_what_every_fault_owes() -> None:
    check_stream_fault(SlowAccept(delay=ms(5)))


@pytest.mark.parametrize(("delay", "told"), [(5, r"delay=5 has no unit; write delay=ms\(250\)"), (ms(0), "a delay of 0 would change nothing")])
def test_what_has_no_meaning_is_refused_by_name(delay: object, told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^slow_accept: {told}.*; nothing was armed$"):
        SlowAccept(delay=delay)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_two_of_them_add_up_at_one_door() -> None:
    armed = armed_with(SlowAccept(delay=ms(5)), SlowAccept(delay=ms(7)))
    assert (armed.door, armed.accept_delay) == ("slow", ms(12))
    armed.heal("0-slow_accept")
    armed.heal("1-slow_accept")
    assert (armed.door, armed.accept_delay) == ("open", Duration(0))


def test_it_is_seen_when_the_connect_is_quick_and_the_greeting_late() -> None:
    fault, before = SlowAccept(delay=ms(200)), look("edge_greeting", connect_ms=0.1, greeting_ms=1)
    late = look("edge_greeting", took_ms=210, connect_ms=0.1, greeting_ms=210)
    given_up = look("edge_greeting", took_ms=1000, error="ETIMEDOUT", connect_ms=0.1, greeting_ms=None)
    no_connect = look("edge_greeting", took_ms=1000, error="ETIMEDOUT", connect_ms=None, greeting_ms=None)
    assert seen(fault, (before,), (late, given_up, path())) == (2, 1)
    assert seen(fault, (before,), (no_connect, no_connect, path())) == (0, 1)
    assert seen(fault, (before,), (before, path())) == (0, 1)
    assert seen(fault, (late,), (late,)) == (0, 0)
    assert seen(fault, (before,), ()) == (0, 0)


def test_real_connections_come_in_one_after_another_and_never_early(edge: Edge) -> None:
    with greeted(edge) as (near, far), contextlib.ExitStack() as stack:
        edge.control.arm(edge.name, "slow", SlowAccept(delay=seconds(1)))
        began_ns = time.monotonic_ns()
        for _ in range(3):
            stack.enter_context(edge.connect())
        assert time.monotonic_ns() - began_ns < seconds(1).ns
        near.sendall(b"old ones are quick")
        assert receive(far, 18) == b"old ones are quick"
        for number in (1, 2, 3):
            stack.enter_context(edge.server.accept()[0])
            assert time.monotonic_ns() - began_ns >= number * seconds(1).ns


def test_a_heal_lets_everybody_in_who_waits(edge: Edge) -> None:
    edge.control.arm(edge.name, "slow", SlowAccept(delay=seconds(3600)))
    with edge.connect() as first, edge.connect() as second:
        first.sendall(b"1")
        second.sendall(b"2")
        assert edge.ledger.connections_opened == 0
        edge.control.heal(edge.name, "slow")
        eventually(lambda: edge.ledger.connections_opened == 2, "the accept of both")
        for _ in range(2):
            far, _peer = edge.server.accept()
            with far:
                assert receive(far, 1) in {b"1", b"2"}
