"""
JSON as Go's ``encoding/json`` reads and writes it, with the same words for what is wrong.

    bytes --decode--> value, or a JsonError in Go's words          (this module knows no types)
    value --encode--> bytes: compact, keys as given, HTML characters escaped, float32 in its shortest form

Toxiproxy hands the decoder's own sentence to its client, and clients show it to people or match on it; so the sentence is part of the
protocol. A decoder in Go reads one value and leaves the rest of the stream alone: what stands behind the value is not looked at.

Python's decoder does the work. It accepts a little more than Go's and explains itself otherwise, so what it refuses, and what it might
accept wrongly, is looked at once more by a scanner that knows Go's words. The scanner keeps its own stack and cannot be made to overflow ours.

Source: encoding/json of Go 1.23 (scanner.go, decode.go, stream.go), read for its behaviour.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Any, Final, Self

__all__ = ["Float32", "JsonError", "Number", "decode", "encode", "text_of"]


class JsonError(ValueError):
    """The bytes are not JSON; the message is Go's."""


def _in_32_bits(value: float) -> float:
    """Return the nearest number of 32 bits, which may be infinite: a C compiler's own conversion, which is what the native format is."""
    rounded: float = struct.unpack("@f", struct.pack("@f", value))[0]
    return rounded


class Number(str):
    """A number as it was written: what it fits into is decided by the type it is read into."""

    __slots__ = ()


class Float32(float):
    """A number that Go holds in 32 bits, and prints with no more digits than tell it from its neighbours."""

    __slots__ = ()

    def __new__(cls, value: float) -> Self:
        """
        Round to 32 bits.

        Raises:
            OverflowError: If it does not fit.
        """
        rounded = _in_32_bits(value)
        if math.isinf(rounded):
            raise OverflowError(f"{value} does not fit into 32 bits")
        return super().__new__(cls, rounded)


_SPACE: Final = " \t\n\r"
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_CLOSING: Final = {"{": "}", "[": "]"}

_DEPTH_MAX: Final = 10_000
"""Go's own (``maxNestingDepth``). Python's decoder bears less; what is between the two gets the same answer."""

_TOO_DEEP: Final = "exceeded max depth"


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, and not JSON.


_DECODER: Final = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)


def decode(raw: bytes) -> Any:
    """
    Return the first value in the bytes, as Python has it, with every number as a ``Number``.

    Raises:
        JsonError: If there is none, in Go's words.
    """
    text = raw.decode(errors="replace").lstrip(_SPACE)
    try:
        value, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise JsonError(_fault(raw) or _TOO_DEEP) from None
    if not isinstance(value, dict | list) and (fault := _fault(raw)):  # "1." is a 1 to Python, and a cut number to Go.
        raise JsonError(fault)
    return value


def text_of(value: str) -> str:
    """Return a decoded string as Go has it: without halves of characters."""
    return _LONE_SURROGATE.sub(_REPLACEMENT, value)


def encode(value: Any) -> str:
    """Return a value as Go's ``json.Marshal`` writes it; keys stay in their order."""
    match value:
        case Float32():
            return _float32(value)
        case dict():
            return "{" + ",".join(f"{_string(key)}:{encode(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case str():
            return _string(value)
        case _:
            return json.dumps(value)


def _string(value: str) -> str:
    escaped = json.dumps(text_of(value), ensure_ascii=False)
    for character in "<>&\u2028\u2029":  # Go escapes what a browser might take for markup or for the end of a script's line.
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    return escaped


def _float32(value: float) -> str:
    """Return the shortest decimal that reads back as the same 32 bits, in Go's choice of notation."""
    digits = next(text for text in (f"{value:.{precision}e}" for precision in range(17)) if _in_32_bits(float(text)) == value)
    mantissa, _, exponent = digits.partition("e")
    if -6 <= int(exponent) < 21 or value == 0:
        return f"{float(digits):.{max(0, len(mantissa.lstrip('-').replace('.', '')) - 1 - int(exponent))}f}"
    return f"{mantissa}e{int(exponent):+03d}".replace("e-0", "e-")


class _CutError(Exception):
    """The bytes end inside a value."""


class _DeepError(Exception):
    """Too many brackets are open."""


class _OddError(Exception):
    """A character stands where it may not: the index of it, and what was going on."""

    def __init__(self, at: int, context: str) -> None:
        super().__init__(context)
        self.at = at


def _fault(raw: bytes) -> str | None:
    """Return what is wrong with the first value in the bytes, in Go's words, or None."""
    text = raw.decode("latin-1")  # Go looks at bytes, and quotes each as the character of that number.
    if not text.strip(_SPACE):
        return "EOF"
    try:
        _scan(text)
    except _CutError:
        return "unexpected EOF"
    except _DeepError:
        return _TOO_DEEP
    except _OddError as odd:
        return f"invalid character {_quoted(text[odd.at])} {odd}"
    return None


def _quoted(character: str) -> str:
    if character in "'\"":
        return "'\\''" if character == "'" else "'\"'"
    if character == "\\" or not character.isprintable():
        short = {"\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
        wide = f"\\u{ord(character):04x}" if ord(character) >= 0x80 else f"\\x{ord(character):02x}"
        return f"'{short.get(character, wide)}'"
    return f"'{character}'"


def _scan(text: str) -> None:
    """Walk over one value."""
    stack: list[str] = []  # The brackets that are open.
    at = _begin_value(text, _skip(text, 0), stack)
    while stack:
        at = _in_object(text, _skip(text, at), stack) if stack[-1] == "{" else _in_array(text, _skip(text, at), stack)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _peek(text: str, at: int) -> str:
    if at >= len(text):
        raise _CutError
    return text[at]


def _in_object(text: str, at: int, stack: list[str]) -> int:
    match _peek(text, at):
        case "}":
            stack.pop()
            return at + 1
        case ",":
            return _begin_value(text, _key_end(text, _skip(text, at + 1)), stack)
        case _:
            raise _OddError(at, "after object key:value pair")


def _key_end(text: str, at: int) -> int:
    """Step over a member's name and its colon."""
    if _peek(text, at) != '"':
        raise _OddError(at, "looking for beginning of object key string")
    at = _skip(text, _string_end(text, at + 1))
    if _peek(text, at) != ":":
        raise _OddError(at, "after object key")
    return _skip(text, at + 1)


def _in_array(text: str, at: int, stack: list[str]) -> int:
    match _peek(text, at):
        case "]":
            stack.pop()
            return at + 1
        case ",":
            return _begin_value(text, _skip(text, at + 1), stack)
        case _:
            raise _OddError(at, "after array element")


def _begin_value(text: str, at: int, stack: list[str]) -> int:
    """Step over a scalar, or over opening brackets and the first scalar in them; no call goes deeper, however deep the brackets are."""
    while (bracket := _peek(text, at)) in "{[":
        inside = _skip(text, at + 1)
        if _peek(text, inside) == _CLOSING[bracket]:
            return inside + 1
        stack.append(bracket)
        if len(stack) > _DEPTH_MAX:
            raise _DeepError
        at = _key_end(text, inside) if bracket == "{" else inside
    return _scalar_end(text, at)


def _scalar_end(text: str, at: int) -> int:
    character = text[at]
    if character == '"':
        return _string_end(text, at + 1)
    if character == "-" or character in "0123456789":
        return _number_end(text, at)
    for word in ("true", "false", "null"):
        if character == word[0]:
            for index in range(1, len(word)):
                if _peek(text, at + index) != word[index]:
                    raise _OddError(at + index, f"in literal {word} (expecting '{word[index]}')")
            return at + len(word)
    raise _OddError(at, "looking for beginning of value")


def _string_end(text: str, at: int) -> int:
    while (character := _peek(text, at)) != '"':
        if character < " ":
            raise _OddError(at, "in string literal")
        at += 1
        if character == "\\":
            at = _escape_end(text, at)
    return at + 1


def _escape_end(text: str, at: int) -> int:
    character = _peek(text, at)
    if character not in 'bfnrt\\/"u':
        raise _OddError(at, "in string escape code")
    at += 1
    if character == "u":
        for _ in range(4):
            if _peek(text, at) not in "0123456789abcdefABCDEF":
                raise _OddError(at, "in \\u hexadecimal character escape")
            at += 1
    return at


def _number_end(text: str, at: int) -> int:
    if text[at] == "-":
        at += 1
    at = at + 1 if _peek(text, at) == "0" else _digits_end(text, at, "in numeric literal")
    if text[at : at + 1] == ".":
        at = _digits_end(text, at + 1, "after decimal point in numeric literal")
    if text[at : at + 1] in {"e", "E"}:
        at += 1
        if _peek(text, at) in "+-":
            at += 1
        at = _digits_end(text, at, "in exponent of numeric literal")
    return at


def _digits_end(text: str, at: int, context: str) -> int:
    if not "0" <= _peek(text, at) <= "9":
        raise _OddError(at, context)
    while "0" <= text[at : at + 1] <= "9":
        at += 1
    return at
