"""Bits flip as often as asked, in places that depend on nothing but the seed and the stream."""

from __future__ import annotations

import math
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraiseql_chaos.core import dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Corrupt
from fraiseql_chaos.layers.stream.faults.corrupt import BLOCK_BYTES
from fraiseql_chaos.layers.stream.model import Ending, Origin
from fraiseql_chaos.testing import OneWay, armed_with, check_stream_fault
from layers.stream.edges import Edge, greeted, receive
from layers.stream.looks import look, path, seen

DATA = dice(1, "data").randbytes(5 * BLOCK_BYTES // 2)


@pytest.mark.parametrize("fault", [Corrupt(rate=1), Corrupt(rate=0.01, direction="up"), Corrupt(rate=5e-324)], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Corrupt) -> None:
    check_stream_fault(fault)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate": 0}, "rate is a share above 0 and at most 1, not 0"),
        ({"rate": 1.1}, "rate is a share above 0 and at most 1, not 1.1"),
        ({"rate": 0.5, "direction": "both"}, "direction is one of 'down' .*, 'up' .*, not 'both'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^corrupt: {told}.*; nothing was armed$"):
        Corrupt(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def corrupted(fault: Corrupt, chunks: list[bytes], *, seed: int = 1, connection: int = 0) -> bytes:
    flow = OneWay(armed_with(fault, seed=seed), connection=connection)
    for n, chunk in enumerate(chunks):
        flow.feed(chunk, n)
    return b"".join(item for _, item in flow.run_out() if isinstance(item, bytes))


def flipped_bits(one: bytes, other: bytes) -> list[int]:
    """Return for each byte how many of its bits differ."""
    return [(a ^ b).bit_count() for a, b in zip(one, other, strict=True)]


@settings(deadline=None)  # A busy machine is no failure.
@given(borders=st.sets(st.integers(1, len(DATA) - 1), max_size=20), rate=st.sampled_from([1e-4, 0.01, 0.3]))
def test_the_same_bytes_are_hit_however_they_come(borders: set[int], rate: float) -> None:
    places = [0, *sorted(borders), len(DATA)]
    chunks = [DATA[start:end] for start, end in pairwise(places)]
    assert corrupted(Corrupt(rate=rate), chunks) == corrupted(Corrupt(rate=rate), [DATA])


def test_the_same_bytes_are_hit_whenever_it_is_armed() -> None:
    """Method: an edge where the first bytes had passed before."""
    whole, late = corrupted(Corrupt(rate=0.01), [DATA]), OneWay(armed_with(Corrupt(rate=0.01)))
    late.talk.feed(DATA[20_000:], Origin("down", 5, 20_000), 0)
    assert late.take(0) == [whole[20_000:]]


@pytest.mark.parametrize("rate", [0.0005, 0.01, 0.5])
def test_as_many_bytes_are_hit_as_asked_and_one_bit_in_each(rate: float) -> None:
    """Method: the 99.9 % interval of a binomial count, by its normal approximation."""
    data = bytes(2**18)
    flips = flipped_bits(data, corrupted(Corrupt(rate=rate), [data]))
    assert set(flips) == {0, 1}
    assert abs(sum(flips) - rate * len(data)) <= 3.3 * math.sqrt(len(data) * rate * (1 - rate))


def test_a_rate_of_1_hits_every_byte_and_every_bit_in_its_turn() -> None:
    data = bytes(2**14)
    got = corrupted(Corrupt(rate=1), [data])
    assert set(flipped_bits(data, got)) == {1}
    assert set(got) == {1 << bit for bit in range(8)}


def test_seeds_and_connections_are_hit_differently() -> None:
    fault = Corrupt(rate=0.01)
    results = [corrupted(fault, [DATA]), corrupted(fault, [DATA], seed=2), corrupted(fault, [DATA], connection=1)]
    assert len(set(results)) == 3


def test_what_is_not_hit_passes_as_it_is() -> None:
    flow = OneWay(armed_with(Corrupt(rate=5e-324), Corrupt(rate=1, direction="up")))
    flow.feed(b"spared", 0)
    flow.feed(Ending.FIN, 0)
    assert flow.take(0) == [b"spared", Ending.FIN]
    assert flow.talk.armed.hits.counts == {}


def test_it_is_seen_by_who_compares() -> None:
    fault, before = Corrupt(rate=0.01), look("edge_transfer", bytes=32768, wrong_bytes=0)
    wrong = look("edge_transfer", bytes=32768, wrong_bytes=300)
    assert seen(fault, (before,), (wrong, before, path())) == (1, 1)
    assert seen(fault, (before,), (before, path())) == (0, 1)
    assert seen(fault, (wrong, before), (wrong,)) == (0, 0)
    assert seen(fault, (before,), (look("edge_transfer", error="closed"), path())) == (0, 1)
    assert seen(fault, (before,), ()) == (0, 0)


def test_real_bytes_are_hit_as_often_as_asked_and_none_before_or_after(edge: Edge) -> None:
    with greeted(edge) as (near, far):
        far.sendall(DATA)
        assert zlib.crc32(receive(near, len(DATA))) == zlib.crc32(DATA)
        edge.control.arm(edge.name, "corrupt", Corrupt(rate=0.01))
        far.sendall(DATA)
        hit = sum(flipped_bits(DATA, receive(near, len(DATA))))
        assert abs(hit - 0.01 * len(DATA)) <= 3.3 * math.sqrt(len(DATA) * 0.01 * 0.99)
        near.sendall(DATA)
        assert receive(far, len(DATA)) == DATA
        edge.control.heal(edge.name, "corrupt")
        far.sendall(DATA)
        assert receive(near, len(DATA)) == DATA
