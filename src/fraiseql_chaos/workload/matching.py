"""
Does an answer contain what was expected?

An expected object lists keys that must be there, and says nothing about others; an expected list says everything about its length and
order; a scalar must be equal in type and value. Types are strict because Python is not: ``True == 1`` and ``1 == 1.0`` hold there, and
a flag that turned into a number on its way is a wrong answer.
"""

from __future__ import annotations

from fraiseql_chaos.core import Json

__all__ = ["mismatch"]

_SHOWN_MAX = 80
"""Characters of a value that a message shows; the place is what helps, not the payload."""


def mismatch(expected: Json, found: Json, *, at: str = "data") -> str:
    """
    Say where an answer does not contain what was expected.

    Args:
        expected: The part that must be there.
        found: The answer.
        at: The path of ``found``, for the message.

    Returns:
        The first difference in one sentence, or an empty string if there is none.
    """
    match expected, found:
        case dict(), dict():
            return _object_mismatch(expected, found, at)
        case list(), list():
            return _list_mismatch(expected, found, at)
    if type(expected) is type(found) and expected == found:
        return ""
    return f"{at}: expected {_shown(expected)}, got {_shown(found)}"


def _object_mismatch(expected: dict[str, Json], found: dict[str, Json], at: str) -> str:
    for key, value in expected.items():
        if key not in found:
            return f"{at}.{key}: expected {_shown(value)}, and there is no such key"
        if told := mismatch(value, found[key], at=f"{at}.{key}"):
            return told
    return ""


def _list_mismatch(expected: list[Json], found: list[Json], at: str) -> str:
    if len(expected) != len(found):
        return f"{at}: expected a list of {len(expected)}, got {len(found)}"
    for n, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        if told := mismatch(wanted, got, at=f"{at}[{n}]"):
            return told
    return ""


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
