"""The stream is cut at places of its own, whatever the chunks it came in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import NS_PER_MS, ms, us
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Slicer
from fraiseql_chaos.layers.stream.faults.slicer import SLICES_PER_CHUNK
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.probes.segments import segments_received
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, greeted, receive
from layers.stream.looks import look, path, seen

DATA = bytes(n % 251 for n in range(3000))


@pytest.mark.parametrize("fault", [Slicer(average_bytes=1), Slicer(average_bytes=64, variation_bytes=63, delay=ms(1), direction="up")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Slicer) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"average_bytes": 0}, "average_bytes is a whole number of bytes, at least 1, not 0"),
        ({"average_bytes": 8, "variation_bytes": -1}, "variation_bytes is a whole number of bytes, at least 0, not -1"),
        ({"average_bytes": 8, "variation_bytes": 8}, "variation_bytes 8 is not less than average_bytes 8, and a slice has at least one byte"),
        ({"average_bytes": 8, "delay": 1}, r"delay=1 has no unit; write delay=ms\(250\)"),
        ({"average_bytes": 8, "direction": "both"}, "direction is one of 'down' .*, 'up' .*, not 'both'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^slicer: {told}.*; nothing was armed$"):
        Slicer(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def cuts(fault: Slicer, chunks: list[bytes], *, seed: int = 1) -> set[int]:
    """Return the places at which items end, those of the chunks not counted."""
    flow = OneWay(armed_with(fault, seed=seed))
    ends, got, borders, fed = set(), b"", set(), 0
    for n, chunk in enumerate(chunks):
        flow.feed(chunk, n)
        fed += len(chunk)
        borders.add(fed)
    for _, item in flow.run_out():
        assert isinstance(item, bytes)
        got += item
        ends.add(len(got))
    assert got == b"".join(chunks)
    return ends - borders


@settings(deadline=None)  # A busy machine is no failure.
@given(borders=st.sets(st.integers(1, len(DATA) - 1), max_size=30), average=st.integers(5, 200), share=st.floats(0, 0.9))
def test_the_same_bytes_are_cut_in_the_same_places_however_they_come(borders: set[int], average: int, share: float) -> None:
    fault = Slicer(average_bytes=average, variation_bytes=int(average * share))
    places = [0, *sorted(borders), len(DATA)]
    chunks = [DATA[start:end] for start, end in pairwise(places)]
    assert cuts(fault, chunks) == cuts(fault, [DATA]) - borders


def test_slices_are_as_long_as_asked_and_vary_as_much() -> None:
    places = sorted(cuts(Slicer(average_bytes=20, variation_bytes=5), [DATA]))
    lengths = [end - start for start, end in pairwise([0, *places])]
    assert (min(lengths), max(lengths)) == (15, 25)
    assert sum(lengths) / len(lengths) == pytest.approx(20, abs=1)
    assert cuts(Slicer(average_bytes=20, variation_bytes=5), [DATA], seed=2) != set(places)


def test_slices_leave_apart_from_each_other() -> None:
    flow = OneWay(armed_with(Slicer(average_bytes=2, delay=ms(3))))
    flow.feed(b"aabbc", 0)
    flow.feed(b"cdd", NS_PER_MS)
    flow.feed(Ending.FIN, NS_PER_MS)
    at = [(left_ns // NS_PER_MS, item) for left_ns, item in flow.run_out()]
    assert at == [(0, b"aa"), (3, b"bb"), (6, b"c"), (6, b"c"), (9, b"dd"), (9, Ending.FIN)]


def test_the_other_way_is_left_in_one_piece() -> None:
    flow = OneWay(armed_with(Slicer(average_bytes=1, direction="up")))
    flow.feed(b"answer", 0)
    assert flow.take(0) == [b"answer"]


def test_a_chunk_is_cut_into_a_bounded_number_of_slices() -> None:
    flow = OneWay(armed_with(Slicer(average_bytes=1)), held_bytes_limit=2**30)
    flow.feed(b"x" * 2**18, 0)
    left = flow.take(0)
    assert (len(left), sum(map(len, left))) == (SLICES_PER_CHUNK, 2**18)  # type: ignore[arg-type]  # no ending is among them
    flow.feed(b"yz", 1)
    assert flow.take(1) == [b"y", b"z"]


def test_it_is_seen_in_the_kernels_count_of_segments() -> None:
    fault = Slicer(average_bytes=128)
    before = look("edge_transfer", bytes=32768, segments_down=3, segments_up=2)
    sliced = look("edge_transfer", bytes=32768, segments_down=250, segments_up=2)
    assert seen(fault, (before,), (sliced, sliced, before, path())) == (2, 1)
    assert seen(fault, (before,), (before, path())) == (0, 1)
    assert seen(Slicer(average_bytes=128, direction="up"), (before,), (sliced, path())) == (0, 1)
    joined = look("edge_transfer", bytes=32768, segments_down=12, segments_up=2)
    assert seen(fault, (before,), (joined, path())) == (1, 1)
    assert seen(fault, (look("edge_transfer", bytes=32768, segments_down=7),), (joined, path())) == (0, 1)
    assert seen(fault, (sliced,), (sliced,)) == (0, 0)
    assert seen(fault, (before,), (look("edge_transfer", bytes=32768, segments_down=None), path())) == (0, 1)


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_real_answer_arrives_in_as_many_segments(edge: Edge, direction: str) -> None:
    """Method: the third of five transfers, in order, because slices that fall due while the proxy stands still may be one segment."""
    fault = Slicer(average_bytes=100, variation_bytes=50, delay=us(500), direction="up" if direction == "up" else "down")
    with greeted(edge) as (near, far):
        source, sink = (near, far) if direction == "up" else (far, near)
        source.sendall(DATA)
        assert receive(sink, len(DATA)) == DATA
        whole = segments_received(sink) or 0
        edge.control.arm(edge.name, "slicer", fault)
        counts = []
        for _ in range(5):
            before = segments_received(sink) or 0
            source.sendall(DATA)
            assert receive(sink, len(DATA)) == DATA
            counts.append((segments_received(sink) or 0) - before)
        assert sorted(counts)[2] >= len(DATA) / 150 - 1 > whole, counts
