"""Segments of a stream that were torn, and whether what they carried arrived all the same: each case made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fraiseql_chaos.layers.packet.packet import ACK, FIN, PSH, RST, SYN
from fraiseql_chaos.probes.capture.following import Crossing, follow
from fraiseql_chaos.probes.capture.mending import Segment, mend
from fraiseql_chaos.probes.capture.pcap import Captured

WHOLE = Segment(torn=False, mended=False, awaited=False, copies=0, overtaken=False)
MENDED = Segment(torn=True, mended=True, awaited=False, copies=0, overtaken=False)
TORN = Segment(torn=True, mended=False, awaited=False, copies=0, overtaken=False)


AWAITED = TORN._replace(awaited=True)

S = 10**9


def mended(crossed: tuple[Crossing, ...]) -> list[Segment | None]:
    """What became of each, in a record that was long enough."""
    return mend(crossed, ended_ns=100 * S)


def tcp(sequence: int, payload: bytes = b"12345", *, flags: int = ACK | PSH, ident: int = 0, port: int = 5432) -> bytes:
    """A TCP segment; nobody looks at its checksums here."""
    body = (40000).to_bytes(2) + port.to_bytes(2) + (sequence % 2**32).to_bytes(4) + bytes(4) + bytes((0x50, flags)) + bytes(6) + payload
    return bytes((0x45, 0)) + (20 + len(body)).to_bytes(2) + ident.to_bytes(2) + bytes((0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)) + body


def crossings(*sent: tuple[bytes, tuple[bytes, ...]]) -> tuple[Crossing, ...]:
    """What was sent, each with what arrived of it, in that order."""
    leaving = [Captured(number * 1000, raw, sent=True) for number, (raw, _) in enumerate(sent)]
    arriving = [Captured(number * 1000 + 100, raw, sent=False) for number, (_, arrived) in enumerate(sent) for raw in arrived]
    return follow(leaving, arriving).crossings


def passing(raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    return raw, (raw,)


def lost(raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    return raw, ()


def bent(raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    return raw, (raw[:-1] + bytes((raw[-1] ^ 1,)),)


@pytest.mark.parametrize("tear", [lost, bent])
def test_what_was_lost_or_bent_is_mended_if_it_comes_again(tear: Callable[[bytes], tuple[bytes, tuple[bytes, ...]]]) -> None:
    found = mended(crossings(passing(tcp(0)), tear(tcp(5, ident=1)), passing(tcp(5, ident=2)), passing(tcp(10))))
    assert found == [WHOLE, MENDED, WHOLE, WHOLE]


@pytest.mark.parametrize("tear", [lost, bent])
def test_what_never_comes_again_is_torn(tear: Callable[[bytes], tuple[bytes, tuple[bytes, ...]]]) -> None:
    assert mended(crossings(passing(tcp(0)), tear(tcp(5)), passing(tcp(10)))) == [WHOLE, TORN, WHOLE]


def test_what_is_sent_again_may_be_cut_otherwise() -> None:
    again = (passing(tcp(0, b"123", ident=1)), passing(tcp(3, b"4512345", ident=2)))
    assert mended(crossings(lost(tcp(0)), lost(tcp(5)), *again)) == [MENDED, MENDED, WHOLE, WHOLE]


def test_a_part_that_comes_again_mends_nothing() -> None:
    assert mended(crossings(lost(tcp(0)), passing(tcp(0, b"1234", ident=1)))) == [TORN, WHOLE]


def test_what_is_sent_again_in_vain_is_mended_by_the_first() -> None:
    """A segment whose acknowledgement was lost is sent again; losing that one as well tears nothing."""
    assert mended(crossings(passing(tcp(0)), lost(tcp(0, ident=1)))) == [WHOLE, MENDED]


def test_another_stream_mends_nothing() -> None:
    assert mended(crossings(lost(tcp(0)), passing(tcp(0, port=80)))) == [TORN, WHOLE]
    reopened = (passing(tcp(900, b"", flags=SYN)), passing(tcp(0, ident=1)))
    assert mended(crossings(passing(tcp(-1, b"", flags=SYN)), lost(tcp(0)), *reopened))[1] == TORN


def test_sequence_numbers_wrap() -> None:
    found = mended(crossings(passing(tcp(2**32 - 5)), lost(tcp(0)), passing(tcp(2**32 - 2, b"12345678", ident=1))))
    assert found == [WHOLE, MENDED, WHOLE]


def test_a_syn_and_a_fin_take_a_place_and_an_acknowledgement_takes_none() -> None:
    syn, fin, ack = tcp(-1, b"", flags=SYN), tcp(5, b"", flags=FIN | ACK), tcp(6, b"", flags=ACK)
    assert mended(crossings(lost(syn), passing(tcp(0)), lost(fin), lost(ack))) == [TORN, WHOLE, TORN, None]
    again = passing(syn[:4] + b"\x00\x07" + syn[6:])
    assert mended(crossings(lost(syn), again)) == [MENDED, WHOLE]


def test_what_is_no_tcp_is_no_segment() -> None:
    assert mended(crossings(passing(b"\x45 no packet"))) == [None]


def test_copies_count_if_they_equal_it() -> None:
    raw = tcp(0)
    bent_copy = raw[:-1] + b"?"
    assert mended(crossings((raw, (raw, raw, raw)))) == [WHOLE._replace(copies=2)]
    assert mended(crossings((raw, (raw, bent_copy)))) == [WHOLE]


def test_only_a_segment_of_the_same_stream_overtakes() -> None:
    first, second, other = tcp(0), tcp(5), tcp(0, port=80)
    assert mended(crossings((first, ()), (second, (second, first)))) == [WHOLE._replace(overtaken=True), WHOLE]
    assert mended(crossings((first, ()), (other, (other, first)))) == [WHOLE, WHOLE]


@pytest.mark.parametrize(
    ("sent_at_s", "ended_at_s", "is_awaited"),
    [
        ((0,), 0.9, True),
        ((0,), 1.1, False),
        ((0, 1), 2.9, True),
        ((0, 1), 3.1, False),
        ((0, 0.2, 0.6), 1.5, True),
        ((0, 0.2, 0.6), 1.7, False),
    ],
    ids=["once, within a second", "once, and never again", "a SYN, twice", "a SYN that is given up", "data, thrice", "data that is given up"],
)
def test_what_need_not_have_been_sent_again_before_the_end_is_awaited(sent_at_s: tuple[float, ...], ended_at_s: float, *, is_awaited: bool) -> None:
    leaving = [Captured(int(at_s * S), tcp(0, ident=number), sent=True) for number, at_s in enumerate(sent_at_s)]
    found = mend(follow(leaving, []).crossings, ended_ns=int(ended_at_s * S))
    assert found == [AWAITED if is_awaited else TORN] * len(sent_at_s)


def test_nobody_waits_for_a_sender_that_reset_its_connection() -> None:
    leaving = [Captured(0, tcp(0), sent=True), Captured(S // 10, tcp(5, b"", flags=RST), sent=True), Captured(S // 5, tcp(0, port=80), sent=True)]
    assert mend(follow(leaving, []).crossings, ended_ns=S // 2) == [TORN, None, AWAITED]


@pytest.mark.parametrize(("handshakes", "ended_at_s", "is_awaited"), [(1, 2.5, False), (2, 2.5, True), (2, 4.5, False)])
def test_what_follows_a_handshake_that_was_repeated_is_awaited_for_three_seconds(handshakes: int, ended_at_s: float, *, is_awaited: bool) -> None:
    syn = tcp(-1, b"", flags=SYN)
    leaving = [*(Captured(number, syn, sent=True) for number in range(handshakes)), Captured(S, tcp(0), sent=True)]
    arriving = [Captured(handshakes, syn, sent=False)]
    found = mend(follow(leaving, arriving).crossings, ended_ns=int(ended_at_s * S))
    assert found[-1] == (AWAITED if is_awaited else TORN)
