"""A thin wire lets bytes through at its rate, smoothly, and makes its sender wait."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Bandwidth
from fraiseql_chaos.layers.stream.faults.bandwidth import SLICES_PER_CHUNK
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, fill, joined, receive
from layers.stream.looks import look, path, seen


@pytest.mark.parametrize("fault", [Bandwidth(rate_bytes_per_s=1), Bandwidth(rate_bytes_per_s=20_000, direction="up")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Bandwidth) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate_bytes_per_s": 0}, "rate_bytes_per_s is a whole number of bytes per second, at least 1, not 0"),
        ({"rate_bytes_per_s": 1.5}, "rate_bytes_per_s is a whole number"),
        ({"rate_bytes_per_s": 1, "direction": "both"}, "direction is one of 'down' .*, 'up' .*, not 'both'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^bandwidth: {told}.*; nothing was armed$"):
        Bandwidth(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


@settings(deadline=None)  # A busy machine is no failure.
@given(
    rate=st.integers(100, 10**6), chunks=st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 50)), min_size=1, max_size=20), whole=st.booleans()
)
def test_at_no_time_have_more_bytes_left_than_the_rate_allows_and_none_is_late(rate: int, chunks: list[tuple[int, int]], whole: bool) -> None:  # noqa: FBT001
    """Method: the last byte of a stream leaves when a wire of that rate, fed by hand, is through; every slice before it keeps the rate."""
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=rate)), held_bytes_limit=2**30)
    sent, now_ns, free_s, began_ns = b"", 0, 0.0, 0
    for size, pause_ms in chunks:
        now_ns += pause_ms * NS_PER_MS
        pieces = [size] if whole else [size - size // 2, size // 2]
        for piece in filter(None, pieces):
            flow.feed(bytes([len(sent) % 251]) * piece, now_ns)
            sent += bytes([len(sent) % 251]) * piece
        free_s = max(free_s, now_ns / NS_PER_S) + size / rate
    left, got = [], b""
    while (due_ns := flow.due_ns) is not None:
        for item in flow.take(due_ns):
            assert isinstance(item, bytes)
            got += item
            left.append((due_ns, len(got)))
    assert got == sent
    assert left[-1][0] / NS_PER_S == pytest.approx(free_s, abs=1e-6)
    assert all(number <= (due_ns - began_ns) * rate / NS_PER_S + 1 for due_ns, number in left)


def test_a_chunk_leaves_in_slices_of_twenty_milliseconds() -> None:
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=1000)))
    flow.feed(b"x" * 100, 0)
    assert flow.run_out() == [(n * 20 * NS_PER_MS, b"x" * 20) for n in range(1, 6)]


def test_a_chunk_leaves_in_a_bounded_number_of_slices() -> None:
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=1)))
    flow.feed(b"x" * 2**18, 0)
    left = flow.run_out()
    assert len(left) == SLICES_PER_CHUNK
    assert left[-1][0] == 2**18 * NS_PER_S


def test_a_pause_saves_nothing_up() -> None:
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=1000)))
    flow.feed(b"x" * 20, 0)
    flow.run_out()
    flow.feed(b"y" * 40, NS_PER_S)
    assert flow.run_out() == [(NS_PER_S + 20 * NS_PER_MS, b"y" * 20), (NS_PER_S + 40 * NS_PER_MS, b"y" * 20)]


def test_an_ending_stays_behind_the_bytes_and_the_other_way_is_free() -> None:
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=1000)))
    flow.feed(b"x" * 20, 0)
    flow.feed(Ending.FIN, 0)
    assert flow.run_out() == [(20 * NS_PER_MS, b"x" * 20), (20 * NS_PER_MS, Ending.FIN)]
    assert OneWay(armed_with(Bandwidth(rate_bytes_per_s=1000, direction="up"))).due_ns is None


def test_what_queues_is_bounded_by_a_second() -> None:
    flow = OneWay(armed_with(Bandwidth(rate_bytes_per_s=100_000)), held_bytes_limit=2**30)
    flow.feed(b"x" * 90_000, 0)
    assert not flow.is_full
    flow.feed(b"x" * 30_000, 0)
    assert flow.is_full


def test_it_is_seen_when_transfers_take_their_bytes_over_the_rate() -> None:
    fault = Bandwidth(rate_bytes_per_s=32768)
    before, slow = look("edge_transfer", bytes=32768), look("edge_transfer", took_ms=1001, bytes=32768)
    given_up = look("edge_transfer", took_ms=3000, error="TimeoutError")
    assert seen(fault, (before,), (slow, given_up, path())) == (2, 1)
    assert seen(fault, (before,), (look("edge_transfer", took_ms=999, bytes=32768), path())) == (0, 1)
    assert seen(fault, (slow,), (slow, path())) == (0, 1)
    assert seen(fault, (before,), ()) == (0, 0)


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_real_stream_is_as_fast_as_asked_and_intact(edge: Edge, direction: str) -> None:
    rate, data = 400_000, bytes(range(250)) * 3200
    fault = Bandwidth(rate_bytes_per_s=rate, direction="up" if direction == "up" else "down")
    with joined(edge) as (near, far):
        edge.control.arm(edge.name, "thin", fault)
        source, sink = (near, far) if direction == "up" else (far, near)
        began_s = time.monotonic()
        sender = threading.Thread(target=source.sendall, args=(data,))
        sender.start()
        assert receive(sink, len(data)) == data
        took_s = time.monotonic() - began_s
        sender.join()
    assert len(data) / rate <= took_s < 2 * len(data) / rate


def test_an_idle_connections_sender_is_slowed_down_and_let_go_by_the_heal(edge: Edge) -> None:
    with joined(edge) as (near, far):
        edge.control.arm(edge.name, "thin", Bandwidth(rate_bytes_per_s=1000))
        sent = fill(far)
        held = edge.ledger.down.held_bytes
        assert 0 < held < 2**20
        edge.control.heal(edge.name, "thin")
        far.shutdown(socket.SHUT_WR)
        assert len(receive(near, sent + 1)) == sent
