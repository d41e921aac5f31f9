"""Messages are found wherever the bytes are cut, and no more of them is kept than somebody reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import dice
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.wire.framing import EncryptedFromTheStart, Framer, Mode
from layers.wire import conversations as say
from layers.wire.conversations import cut_at_random


def found(framer: Framer, pieces: list[bytes]) -> list[tuple[int, int, bytes]]:
    """Return type, length and read prefix of each message."""
    messages = []
    for piece in pieces:
        at = 0
        while at < len(piece):
            before, at = at, framer.advance(piece, at)
            assert before < at <= len(piece)
            if framer.is_complete:
                messages.append((framer.code, framer.length, bytes(framer.body)))
                framer.finish()
    return messages


@given(seed=st.integers(0, 2**32), most=st.sampled_from([1, 2, 3, 6, 50]))
def test_messages_are_found_in_any_pieces(seed: int, most: int) -> None:
    texts = [say.query("SELECT 1"), say.SYNC, say.message("d", bytes(99)), say.bind("s", values=bytes(9000)), say.TERMINATE]
    framer = Framer("up", body_limit=100)
    framer.mode = Mode.TYPED
    pieces = [piece for _, piece in cut_at_random([("up", b"".join(texts))], dice(seed), most=most)]
    prefixes = [b"SELECT 1\0", b"", b"", texts[3][5:105], b""]
    assert found(framer, pieces) == [(text[0], len(text), prefix) for text, prefix in zip(texts, prefixes, strict=True)]
    assert framer.ordinal == len(texts)
    assert not framer.is_inside


def test_what_nobody_reads_is_not_kept_and_may_be_asked_for() -> None:
    for wanted, kept in (((), 0), (b"D", 50)):
        framer = Framer("down", body_limit=50)
        framer.read_also(wanted)
        framer.advance(say.row(bytes(1000)), 0)
        assert len(framer.body) == kept


def test_a_message_is_readable_before_it_is_complete() -> None:
    framer = Framer("up", body_limit=4)
    framer.mode = Mode.TYPED
    text = say.query("SELECT 1")
    for size, is_readable in ((4, False), (5, False), (8, False), (9, True)):
        framer = Framer("up", body_limit=4)
        framer.mode = Mode.TYPED
        framer.advance(text[:size], 0)
        assert (framer.is_readable, framer.is_complete, framer.is_inside) == (is_readable, False, True)


def test_a_head_in_pieces_is_judged_when_it_is_whole() -> None:
    framer = Framer("up")
    framer.mode = Mode.TYPED
    assert framer.advance(b"Q\0\0\0", 0) == 4
    with pytest.raises(PeerProtocolError, match="message 0 of the client, Query, claims a length of 3; PostgreSQL allows 4 to 1073741822"):
        framer.advance(b"\3", 0)


def test_a_client_may_begin_with_tls() -> None:
    with pytest.raises(EncryptedFromTheStart):
        Framer("up").advance(b"\x16\3\1", 0)
