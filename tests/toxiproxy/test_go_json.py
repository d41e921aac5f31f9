"""JSON as Go reads and writes it: its words for what is wrong, its spelling of numbers, and no input that brings us down."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.toxiproxy.go_json import Float32, JsonError, Number, decode, encode


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "EOF"),
        (b" \t\r\n", "EOF"),
        (b"{", "unexpected EOF"),
        (b'["a', "unexpected EOF"),
        (b"tru", "unexpected EOF"),
        (b"1.", "unexpected EOF"),
        (b"{bad", "invalid character 'b' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"[.5]", "invalid character '.' looking for beginning of value"),
        (b"[NaN]", "invalid character 'N' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[01]", "invalid character '1' after array element"),
        (b"trxe", "invalid character 'x' in literal true (expecting 'u')"),
        (b'["a\nb"]', "invalid character '\\n' in string literal"),
        (b'["\\x"]', "invalid character 'x' in string escape code"),
        (b'["\\u12g4"]', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"[1.e5]", "invalid character 'e' after decimal point in numeric literal"),
        (b"[1e+]", "invalid character ']' in exponent of numeric literal"),
        (b"{'a'", "invalid character '\\'' looking for beginning of object key string"),
        (b"\\", "invalid character '\\\\' looking for beginning of value"),
        (b"\x00", "invalid character '\\x00' looking for beginning of value"),
        (b"\xc3\xbc", "invalid character '\u00c3' looking for beginning of value"),
        (b"\xa0", "invalid character '\\u00a0' looking for beginning of value"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_go(raw: bytes, fault: str) -> None:
    """Go looks at bytes, so a character of two bytes is quoted by its first."""
    with pytest.raises(JsonError) as refused:
        decode(raw)
    assert str(refused.value) == fault


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1} trailing', {"a": "1"}),
        (b"  [1.50, -0, 1e3]", ["1.50", "-0", "1e3"]),
        (b"5 x", "5"),
        (b"null", None),
        (b'{"a": 1, "a": 2}', {"a": "2"}),
        (b'["\xff"]', ["\ufffd"]),
    ],
)
def test_one_value_is_read_and_what_stands_behind_it_is_left_alone(raw: bytes, value: Any) -> None:
    """Numbers stay as they were written until somebody knows their type."""
    assert decode(raw) == value


def test_a_number_is_told_apart_from_a_string() -> None:
    assert [type(item) for item in decode(b'[1, "1"]')] == [Number, str]


@pytest.mark.parametrize("raw", [b"[" * 9_999 + b"]" * 9_999, b"[" * 200_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000])
def test_nesting_has_an_end(raw: bytes) -> None:
    """A body cannot make the reader recurse until it falls: deep nesting is refused in Go's words, however it would have gone on."""
    with pytest.raises(JsonError, match="exceeded max depth"):
        decode(raw)


def test_a_deep_fault_is_still_found() -> None:
    with pytest.raises(JsonError, match="invalid character 'x' looking for beginning of value"):
        decode(b"[" * 5_000 + b"x")


def is_json(raw: bytes) -> bool:
    """Tell whether Python's own reader, told to be strict, takes the whole of it."""
    try:
        json.loads(raw.decode(errors="replace"), parse_constant=().index)  # NaN is not in an empty tuple.
    except ValueError:
        return False
    return True


def refusal(raw: bytes) -> str:
    """Return why bytes are refused, or nothing."""
    try:
        decode(raw)
    except JsonError as fault:
        return str(fault)
    return ""


@given(st.one_of(st.binary(max_size=60), st.text(alphabet='{}[]":,0123456789eE+-.truefalsn\\ \n', max_size=40).map(str.encode)))
def test_any_bytes_get_a_value_or_a_reason(raw: bytes) -> None:
    """Never another exception; and what is JSON is never refused."""
    assert not (refusal(raw) and is_json(raw))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (0, "0"),
        (-1, "-1"),
        (0.3, "0.3"),
        (0.1, "0.1"),
        (100, "100"),
        (123456.789, "123456.79"),
        (16777217, "16777216"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-2.5e-9, "-2.5e-9"),
    ],
)
def test_a_float32_is_written_as_go_writes_it(number: float, text: str) -> None:
    assert encode(Float32(number)) == text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_reads_back_as_the_same_bits(number: float) -> None:
    assert struct.pack("<f", float(encode(Float32(number)))) == struct.pack("<f", number + 0.0) or number == 0


def test_a_float32_has_bounds() -> None:
    for number in (1e39, float("inf")):
        with pytest.raises(OverflowError):
            Float32(number)


def test_json_is_written_as_go_writes_it() -> None:
    """Compact, with characters as they are, but for those a browser might trip over; half a character becomes the sign for one that is lost."""
    assert (
        encode({"b": [True, None, -1], "a": 'ü<&>\u2028"\n\x01\ud800'})
        == '{"b":[true,null,-1],"a":"ü\\u003c\\u0026\\u003e\\u2028\\"\\n\\u0001\ufffd"}'
    )
