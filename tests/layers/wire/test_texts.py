"""Names stand for texts until there are too many of them."""

from __future__ import annotations

import pytest

from fraiseql_chaos.layers.wire.texts import Texts


def test_the_oldest_are_forgotten_first_and_what_is_said_again_is_new() -> None:
    texts = Texts(cost_limit=330)
    for name in (b"a", b"b", b"a", b"c", b"d"):
        texts.remember(name, b"SELECT")
    assert list(texts.known) == [b"a", b"c", b"d"]
    assert (texts.get(b"a"), texts.get(b"b")) == (b"SELECT", None)


@pytest.mark.parametrize(("name", "text"), [(b"n" * 400, b""), (b"", b"t" * 400)])
def test_what_is_longer_than_all_memory_is_not_remembered(name: bytes, text: bytes) -> None:
    texts = Texts(cost_limit=330)
    texts.remember(name, text)
    assert texts.known == {}
    texts.remember(b"a", b"SELECT")
    assert texts.get(b"a") == b"SELECT"


def test_what_was_forgotten_leaves_its_room() -> None:
    texts = Texts(cost_limit=330)
    for _ in range(9):
        texts.remember(b"a", b"SELECT")
        texts.forget(b"a")
        texts.forget(b"a")
    texts.remember(b"b", None)
    texts.clear()
    for name in (b"x", b"y", b"z"):
        texts.remember(name, b"")
    assert list(texts.known) == [b"x", b"y", b"z"]


def test_they_are_the_same_if_the_same_is_known() -> None:
    some, others = Texts(cost_limit=330), Texts(cost_limit=330)
    some.remember(b"a", b"SELECT")
    assert some != others
    others.remember(b"a", b"SELECT")
    assert some == others
