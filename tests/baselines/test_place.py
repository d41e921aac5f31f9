"""The line of a value in a document, however the document is laid out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.baselines.place import Place, _line
from fraiseql_chaos.errors import HistoryError

DOCUMENT = '{"a": [1,\n 2, {"b": "x\\n\\"",\n "c": null}],\n "d": {}}\n'


def test_a_value_is_named_with_its_line_and_path() -> None:
    c = list(Place.root(DOCUMENT, file="f").mapping()["a"].items())[2].mapping()["c"]
    with pytest.raises(HistoryError, match=r"^f, line 3, a\[2\]\.c: null is not a number$"):
        c.number()


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_every_value_is_found_where_it_stands(value: object) -> None:
    """Written with one value a line, a leaf's line is the one whose text is the leaf."""
    text = json.dumps(value, indent=1)
    lines = text.split("\n")

    def check(inside: object, path: tuple[str | int, ...]) -> None:
        steps = inside.items() if isinstance(inside, dict) else enumerate(inside) if isinstance(inside, list) else ()
        for step, deeper in steps:
            check(deeper, (*path, step))
        if not steps and not isinstance(inside, dict | list):
            written = lines[_line(text, path) - 1].strip().rstrip(",")
            assert written.endswith(json.dumps(inside))

    check(value, ())


@pytest.mark.parametrize("cut", [1, 10, 30, len(DOCUMENT) - 2])
def test_a_document_cut_short_is_told_with_the_line_where_it_ends(cut: int) -> None:
    lines = DOCUMENT[:cut].count("\n") + 1
    with pytest.raises(HistoryError, match=rf"^f, line [{lines - 1}{lines}], column \d+: not JSON .*cut short"):
        Place.root(DOCUMENT[:cut], file="f")


@pytest.mark.parametrize(("text", "said"), [('{"a": NaN}', "NaN is no number"), ('{"a": 1, "a": 2}', "'a' stands twice")])
def test_what_only_a_hand_writes_is_refused(text: str, said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        Place.root(text, file="f")


@pytest.mark.parametrize(
    ("text", "method", "said"),
    [
        ("1", "word", "1 is not a text"),
        ("true", "number", "true is not a number"),
        ("1.5", "whole", "1.5 is not a whole number"),
        ("0", "truth", "0 is neither true nor false"),
        ("[]", "mapping", "[] is not an object"),
    ],
)
def test_another_type_is_refused(text: str, method: str, said: str) -> None:
    with pytest.raises(HistoryError) as caught:
        getattr(Place.root(text, file="f"), method)()
    assert str(caught.value) == f"f, line 1, the document: {said}"


def test_the_fields_of_an_object_are_exactly_those_asked_for() -> None:
    root = Place.root(DOCUMENT, file="f")
    with pytest.raises(HistoryError, match="line 1, the document: field 'e' is missing"):
        root.fields("a", "d", "e")
    with pytest.raises(HistoryError, match="line 4, d: this release knows no such field; it knows a"):
        root.fields("a")
