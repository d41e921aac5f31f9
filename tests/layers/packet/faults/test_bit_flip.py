"""Bits flip where and as often as asked for, under a checksum that is wrong, or right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.asked import interval
from fraiseql_chaos.layers.packet.faults import BitFlip
from fraiseql_chaos.layers.packet.match import Match
from layers.packet.looks import HEALTHY, cuts, seen
from layers.packet.packets import armed_with, icmp, is_right, tcp, tcp6, udp, udp6
from layers.packet.promises import check_packet_fault

DATA = Match(tcp="data")


@pytest.mark.parametrize(
    "fault",
    [
        BitFlip(rate=0.3),
        BitFlip(rate=1, bits=64, where="packet"),
        BitFlip(rate=1, bits=2, checksum="repaired", where="payload", match=DATA, direction="up"),
    ],
    ids=str,
)
def test_it_keeps_what_every_fault_owes(fault: BitFlip) -> None:
    check_packet_fault(fault)


def bent(fault: BitFlip, packet: bytes, seed: int = 1) -> bytes:
    ((_, raw),) = armed_with(fault, seed=seed).feed("up", packet, 0)
    return raw


def flips(one: bytes, other: bytes) -> list[int]:
    """Return which bits differ, counted from the packet's first."""
    assert len(one) == len(other)
    return [n * 8 + bit for n, (a, b) in enumerate(zip(one, other, strict=True)) for bit in range(8) if (a ^ b) >> bit & 1]


@given(seed=st.integers(0, 10**6), bits=st.integers(1, 64), make=st.sampled_from([tcp, tcp6, udp, udp6]))
def test_a_broken_checksum_is_wrong_whatever_flips(seed: int, bits: int, make: Callable[[bytes], bytes]) -> None:
    packet = make(b"select 1")
    head = 40 if packet[0] >> 4 == 6 else 20
    left = bent(BitFlip(rate=1, bits=bits), packet, seed)
    assert len(flips(packet, left)) == bits
    assert min(flips(packet, left)) >= head * 8
    assert not is_right(left)


@given(seed=st.integers(0, 10**6), bits=st.integers(1, 64), make=st.sampled_from([tcp, tcp6]), where=st.sampled_from(["payload", "segment"]))
def test_a_repaired_checksum_is_right_whatever_flips(seed: int, bits: int, make: Callable[[bytes], bytes], where: str) -> None:
    packet = make(b"select 1")
    left = bent(BitFlip(rate=1, bits=bits, checksum="repaired", where=where, match=DATA), packet, seed)  # type: ignore[arg-type]  # one of two
    assert is_right(left)
    place = len(packet) - 8 - 20 + 16
    others = [bit for bit in flips(packet, left) if bit // 8 not in {place, place + 1}]
    assert len(others) == bits
    assert where == "segment" or min(others) >= (len(packet) - 8) * 8


def test_flips_that_would_cancel_out_in_the_sum_do_not() -> None:
    """Method: two bits in eight bytes of one value cancel out in some one of 15 packets; of 2000 not one is whole."""
    fault = BitFlip(rate=1, bits=2, where="payload", match=DATA)
    engine, packet = armed_with(fault), tcp(bytes(4) + b"\xff" * 4)
    assert sum(is_right(raw) for _ in range(2000) for _, raw in engine.feed("up", packet, 0)) == 0


def test_anywhere_is_anywhere_but_the_first_byte() -> None:
    engine, packet = armed_with(BitFlip(rate=1, where="packet")), icmp()
    hit = {bit // 8 for _ in range(2000) for _, raw in engine.feed("up", packet, 0) for bit in flips(packet, raw)}
    assert hit == set(range(1, 28))


def test_a_datagram_without_a_checksum_goes_without_one_still() -> None:
    packet = udp(b"hello")[:26] + b"\0\0" + udp(b"hello")[28:]
    for checksum in ("broken", "repaired"):
        engine = armed_with(BitFlip(rate=1, checksum=checksum, match=Match(port=53)))
        for _ in range(200):
            ((_, raw),) = engine.feed("up", packet, 0)
            assert len(flips(packet, raw)) == 1
            assert checksum == "broken" or raw[26:28] == b"\0\0"


@pytest.mark.parametrize("rate", [0.001, 0.05])
def test_the_share_that_was_asked_for_is_hit(rate: float) -> None:
    engine, packet = armed_with(BitFlip(rate=rate)), tcp(b"x")
    hit = sum(engine.feed("up", packet, 0) != [("up", packet)] for _ in range(20_000))
    low, high = interval(hit, 20_000)
    assert low <= rate <= high


def test_the_seed_decides_which_bits() -> None:
    fault = BitFlip(rate=1, bits=3)
    assert bent(fault, tcp(b"x" * 50)) == bent(fault, tcp(b"x" * 50)) != bent(fault, tcp(b"x" * 50), seed=2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate": 0}, "bit_flip: rate is a share above 0 and at most 1, not 0"),
        ({"rate": 1, "bits": 0}, "bit_flip: bits is a whole number of bits, at least 1, not 0"),
        ({"rate": 1, "bits": 65}, "bit_flip: bits is at most 64, not 65"),
        ({"rate": 1, "checksum": "right"}, "bit_flip: checksum is one of 'broken' .*, 'repaired' .*, not 'right'"),
        ({"rate": 1, "where": "head"}, "bit_flip: where is one of 'segment' .*, 'payload' .*, 'packet' .*, not 'head'"),
        ({"rate": 1, "direction": "left"}, "bit_flip: direction is one of .*, not 'left'"),
        ({"rate": 1, "where": "payload"}, r"bit_flip: where='payload' cannot hit a packet without payload; give match=Match\(tcp='data'\), or .*"),
        (
            {"rate": 1, "where": "packet", "checksum": "repaired"},
            "bit_flip: where='packet' with checksum='repaired' would send packets to strangers; .*",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        BitFlip(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(BitFlip(rate=0.001)) == "1 bit flipped in 0.1 % of the packets both ways, under a checksum then wrong"
    told = "3 bits of the payload flipped in 100 % of the packets towards the server, and the checksum repaired, of data"
    assert str(BitFlip(rate=1, bits=3, checksum="repaired", where="payload", direction="up", match=DATA)) == told


def test_a_broken_one_is_seen_by_wrong_checksums_and_a_repaired_one_by_right_ones() -> None:
    broken, mended = BitFlip(rate=0.05, direction="up"), BitFlip(rate=0.05, direction="up", checksum="repaired")
    wrong, right = cuts(10, changed=5, bad_checksum=5), cuts(10, changed=5)
    told = "5 % asked; 50 of 1000 packets sent towards the server that arrived had other bytes and a wrong checksum, 5 %"
    assert seen(broken, HEALTHY, wrong) == (50, told)
    assert seen(mended, HEALTHY, right)[0] == 50
    assert (seen(broken, HEALTHY, right)[0], seen(mended, HEALTHY, wrong)[0]) == (0, 0)
    assert seen(BitFlip(rate=0.05, direction="up", where="packet"), HEALTHY, wrong)[0] == 50
