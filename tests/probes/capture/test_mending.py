"""Segments of a stream that were torn, and whether what they carried arrived all the same: each case made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fraiseql_chaos.layers.packet.packet import ACK, FIN, PSH, SYN
from fraiseql_chaos.probes.capture.following import Crossing, follow
from fraiseql_chaos.probes.capture.mending import Segment, mend
from fraiseql_chaos.probes.capture.pcap import Captured

WHOLE = Segment(torn=False, mended=False, copies=0, overtaken=False)
MENDED = Segment(torn=True, mended=True, copies=0, overtaken=False)
TORN = Segment(torn=True, mended=False, copies=0, overtaken=False)


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
    found = mend(crossings(passing(tcp(0)), tear(tcp(5, ident=1)), passing(tcp(5, ident=2)), passing(tcp(10))))
    assert found == [WHOLE, MENDED, WHOLE, WHOLE]


@pytest.mark.parametrize("tear", [lost, bent])
def test_what_never_comes_again_is_torn(tear: Callable[[bytes], tuple[bytes, tuple[bytes, ...]]]) -> None:
    assert mend(crossings(passing(tcp(0)), tear(tcp(5)), passing(tcp(10)))) == [WHOLE, TORN, WHOLE]


def test_what_is_sent_again_may_be_cut_otherwise() -> None:
    again = (passing(tcp(0, b"123", ident=1)), passing(tcp(3, b"4512345", ident=2)))
    assert mend(crossings(lost(tcp(0)), lost(tcp(5)), *again)) == [MENDED, MENDED, WHOLE, WHOLE]


def test_a_part_that_comes_again_mends_nothing() -> None:
    assert mend(crossings(lost(tcp(0)), passing(tcp(0, b"1234", ident=1)))) == [TORN, WHOLE]


def test_what_is_sent_again_in_vain_is_mended_by_the_first() -> None:
    """A segment whose acknowledgement was lost is sent again; losing that one as well tears nothing."""
    assert mend(crossings(passing(tcp(0)), lost(tcp(0, ident=1)))) == [WHOLE, MENDED]


def test_another_stream_mends_nothing() -> None:
    assert mend(crossings(lost(tcp(0)), passing(tcp(0, port=80)))) == [TORN, WHOLE]
    reopened = (passing(tcp(900, b"", flags=SYN)), passing(tcp(0, ident=1)))
    assert mend(crossings(passing(tcp(-1, b"", flags=SYN)), lost(tcp(0)), *reopened))[1] == TORN


def test_sequence_numbers_wrap() -> None:
    found = mend(crossings(passing(tcp(2**32 - 5)), lost(tcp(0)), passing(tcp(2**32 - 2, b"12345678", ident=1))))
    assert found == [WHOLE, MENDED, WHOLE]


def test_a_syn_and_a_fin_take_a_place_and_an_acknowledgement_takes_none() -> None:
    syn, fin, ack = tcp(-1, b"", flags=SYN), tcp(5, b"", flags=FIN | ACK), tcp(6, b"", flags=ACK)
    assert mend(crossings(lost(syn), passing(tcp(0)), lost(fin), lost(ack))) == [TORN, WHOLE, TORN, None]
    again = passing(syn[:4] + b"\x00\x07" + syn[6:])
    assert mend(crossings(lost(syn), again)) == [MENDED, WHOLE]


def test_what_is_no_tcp_is_no_segment() -> None:
    assert mend(crossings(passing(b"\x45 no packet"))) == [None]


def test_copies_count_if_they_equal_it() -> None:
    raw = tcp(0)
    bent_copy = raw[:-1] + b"?"
    assert mend(crossings((raw, (raw, raw, raw)))) == [WHOLE._replace(copies=2)]
    assert mend(crossings((raw, (raw, bent_copy)))) == [WHOLE]


def test_only_a_segment_of_the_same_stream_overtakes() -> None:
    first, second, other = tcp(0), tcp(5), tcp(0, port=80)
    assert mend(crossings((first, ()), (second, (second, first)))) == [WHOLE._replace(overtaken=True), WHOLE]
    assert mend(crossings((first, ()), (other, (other, first)))) == [WHOLE, WHOLE]
