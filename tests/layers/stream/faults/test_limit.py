"""So many bytes pass, to the byte, and then the connection ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Limit
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [Limit(bytes=0), Limit(bytes=1000), Limit(bytes=10**9, direction="up")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Limit) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"bytes": -1}, "bytes is a whole number of bytes, at least 0, not -1"),
        ({"bytes": 1.5}, "bytes is a whole number of bytes, at least 0, not 1.5"),
        ({"bytes": 1, "direction": "both"}, "direction is one of 'down' .*, 'up' .*, not 'both'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^limit: {told}.*; nothing was armed$"):
        Limit(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


@settings(deadline=None)  # A busy machine is no failure.
@given(sizes=st.lists(st.integers(1, 50), max_size=12), limit=st.integers(0, 200))
def test_exactly_so_many_bytes_pass_and_an_end_to_both_sides(sizes: list[int], limit: int) -> None:
    flow = OneWay(armed_with(Limit(bytes=limit)))
    flow.renew(0)
    data = b"".join(bytes([n]) * size for n, size in enumerate(sizes))
    fed = 0
    for n, size in enumerate(sizes):
        flow.feed(data[fed : fed + size], n)
        fed += size
    left = [item for _, item in flow.run_out()]
    assert b"".join(item for item in left if isinstance(item, bytes)) == data[:limit]
    is_reached = len(data) >= limit
    assert [item for item in left if isinstance(item, Ending)] == [Ending.FIN] * is_reached
    assert [item for _, item in flow.other] == [Ending.FIN] * is_reached


def test_the_other_way_is_not_counted() -> None:
    flow = OneWay(armed_with(Limit(bytes=3, direction="up")))
    flow.feed(b"a long answer", 0)
    assert flow.take(0) == [b"a long answer"]


def test_it_is_seen_when_transfers_find_their_connection_ended() -> None:
    fault, before = Limit(bytes=50_000), look("edge_transfer", bytes=32768)
    ended, given_up = look("edge_transfer", error="server closed the connection"), look("edge_transfer", error="TimeoutError")
    assert seen(fault, (before, path()), (before, ended, before, path(0))) == (1, 1)
    assert seen(fault, (before, path()), (before, given_up, path(0))) == (0, 1)
    assert seen(fault, (before, ended, path()), (ended, path(0))) == (0, 1)
    assert seen(fault, (), ()) == (0, 0)


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_real_stream_is_cut_to_the_byte(edge: Edge, direction: str) -> None:
    """Method: what passed before the arming does not count; both ends see an ordinary end."""
    with greeted(edge) as (near, far):
        edge.control.arm(edge.name, "limit", Limit(bytes=100_001, direction="up" if direction == "up" else "down"))
        source, sink = (near, far) if direction == "up" else (far, near)
        source.sendall(b"x" * 100_000)
        assert receive(sink, 100_000) == b"x" * 100_000
        source.sendall(b"yz")
        assert receive(sink, 10) == b"y"
        assert source.recv(1) == b""
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")
    dropped = edge.ledger.up.dropped_bytes + edge.ledger.down.dropped_bytes
    assert dropped == 1


def test_a_real_connection_that_may_carry_nothing_ends_at_once(edge: Edge) -> None:
    with greeted(edge) as (near, far):
        edge.control.arm(edge.name, "limit", Limit(bytes=0))
        assert near.recv(1) == far.recv(1) == b""
