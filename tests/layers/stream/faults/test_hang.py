"""Connects hang in the kernel, and whoever is connected does not notice."""

from __future__ import annotations

import socket

import pytest

from fraiseql_chaos.layers.stream.faults import Hang
from fraiseql_chaos.testing import check_stream_fault
from layers.stream.edges import DEADLINE_S, Edge, greeted, receive
from layers.stream.looks import look, path, seen


def test_it_keeps_what_every_fault_owes() -> None:
    check_stream_fault(Hang())


def test_it_has_no_magnitudes_and_says_what_it_does() -> None:
    assert (Hang().parameters(), str(Hang())) == ({}, "connects hang, existing connections live")


def test_it_is_seen_by_connects_that_get_no_answer() -> None:
    before, hung, refused = look("edge_connect"), look("edge_connect", error="ETIMEDOUT"), look("edge_connect", error="ECONNREFUSED")
    assert seen(Hang(), (before,), (hung, hung, before, path())) == (2, 1)
    assert seen(Hang(), (before,), (refused, refused, path())) == (0, 1)
    assert seen(Hang(), (before,), (before, path())) == (0, 1)
    assert seen(Hang(), (before,), (hung, path(0, connecting=1))) == (1, 1)
    assert seen(Hang(), (hung,), (hung,)) == (0, 0)
    assert seen(Hang(), (before,), ()) == (0, 0)


def test_a_real_connect_hangs_until_the_heal_and_the_old_one_lives(edge: Edge) -> None:
    with greeted(edge) as (near, far), socket.socket() as hanging:
        edge.control.arm(edge.name, "hang", Hang())
        hanging.settimeout(0)
        with pytest.raises(BlockingIOError):
            hanging.connect((edge.address.host, edge.address.port))
        near.sendall(b"still here")
        assert receive(far, 10) == b"still here"
        with pytest.raises(OSError, match="not connected"):
            hanging.getpeername()
        edge.control.heal(edge.name, "hang")
        hanging.settimeout(DEADLINE_S)
        hanging.sendall(b"at last")
        late, _ = edge.server.accept()
        with late:
            late.settimeout(DEADLINE_S)
            assert receive(late, 7) == b"at last"
