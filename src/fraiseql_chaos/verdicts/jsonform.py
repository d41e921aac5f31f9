"""
Frozen dataclasses to JSON objects and back, strictly.

What a run stores about itself is read again by the next release, by a report on another machine, and by a judge who must come to the
same answer. So reading guesses nothing: a missing field, an unknown one, or a value of another type is an error with the path to it.

Durations are integer nanoseconds inside and milliseconds outside: a field ``limit: Duration`` is written as ``limit_ms``. A class with
a ``kind`` is written with it, and the kind is what chooses the class when a value of an open set is read.

A field that a class got later is declared with ``metadata=ADDED_LATER`` and a default that means what its absence meant. Files of before it
can be read, and are written again as they were: such a field is left out while it has its default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType, UnionType
from typing import Any, Final, Literal, TypeAliasType, Union, get_args, get_origin, get_type_hints

from fraiseql_chaos.core import Duration, Json, JsonObject, ms
from fraiseql_chaos.errors import DeclarationError, HistoryError, InternalError

__all__ = ["ADDED_LATER", "from_json", "to_json"]

ADDED_LATER: Final = MappingProxyType({"added_later": True})
"""What is said of a field that files of earlier releases do not have."""

type Reader = Callable[[Any, str], Any]


def to_json(value: Any) -> JsonObject:
    """Return a dataclass as a JSON object, fields in the order declared."""
    told = [f for f in dataclasses.fields(value) if not (_is_added_later(f) and getattr(value, f.name) == _default(f))]
    fields = {_key(f.name, getattr(value, f.name)): _plain(getattr(value, f.name)) for f in told}
    return {"kind": value.kind, **fields} if hasattr(value, "kind") else fields


def from_json[T](cls: type[T], raw: Any, where: str, open_sets: Mapping[Any, Reader] | None = None) -> T:
    """
    Read a dataclass back.

    Args:
        cls: What it shall be.
        raw: The decoded JSON.
        where: The file and the path in it, for the error.
        open_sets: For types that name no class, such as a protocol, the function that reads them.

    Raises:
        HistoryError: If anything is missing, unknown or of the wrong type; the message names where.
    """
    if not isinstance(raw, dict):
        raise _wrong(where, "an object", raw)
    known = {_key(name, hint): (name, hint) for name, hint in _hints(cls).items()}
    allowed = {*known, "kind"} if hasattr(cls, "kind") else {*known}
    later = {_key(f.name, _hints(cls)[f.name]) for f in _fields(cls) if _is_added_later(f)}
    for problem, keys in (("is missing", allowed - later - raw.keys()), ("is unknown to this release", raw.keys() - allowed)):
        for key in sorted(keys):
            raise HistoryError(f"{where}: field {key!r} {problem}")
    values = {name: _read(hint, raw[key], f"{where}.{key}", open_sets or {}) for key, (name, hint) in known.items() if key in raw}
    try:
        return cls(**values)
    except DeclarationError as error:
        raise HistoryError(f"{where}: {error}") from error


def _is_added_later(field: dataclasses.Field[Any]) -> bool:
    return bool(field.metadata.get("added_later"))


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _key(name: str, value_or_hint: Any) -> str:
    return f"{name}_ms" if isinstance(value_or_hint, Duration) or value_or_hint is Duration else name


def _plain(value: Any) -> Json:
    match value:
        case None | str() | int() | float():
            return value
        case Duration():
            return value.ms
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return to_json(value)
    raise InternalError(f"{type(value).__name__} has no JSON form")


def _fields(cls: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def _read(hint: Any, raw: Any, where: str, open_sets: Mapping[Any, Reader]) -> Any:
    """Read one value of the type that a hint names."""
    if hint in open_sets:
        return open_sets[hint](raw, where)
    if isinstance(hint, TypeAliasType):
        return _read(hint.__value__, raw, where, open_sets)
    if get_origin(hint) is not None:
        return _read_composed(get_origin(hint), get_args(hint), raw, where, open_sets)
    if hint is Duration:
        return ms(_expect(float, raw, where))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_json(hint, raw, where, open_sets)
    return _expect(hint, raw, where)


def _read_composed(origin: Any, arguments: tuple[Any, ...], raw: Any, where: str, open_sets: Mapping[Any, Reader]) -> Any:
    """Read a tuple, an object, a choice of values, or ``X | None``; a union of several shapes is any JSON, and taken as it is."""
    if origin is tuple:
        return tuple(_read(arguments[0], item, f"{where}[{index}]", open_sets) for index, item in enumerate(_expect(list, raw, where)))
    if origin is dict:
        return {key: _read(arguments[1], item, f"{where}.{key}", open_sets) for key, item in _expect(dict, raw, where).items()}
    if origin is Literal:
        if raw not in arguments:
            raise _wrong(where, " or ".join(map(repr, arguments)), raw)
        return raw
    if origin not in {UnionType, Union}:
        raise InternalError(f"{origin} is not a shape that is stored")
    meant = [argument for argument in arguments if argument is not type(None)]
    return raw if raw is None or len(meant) > 1 else _read(meant[0], raw, where, open_sets)


def _expect(kind: type[Any], raw: Any, where: str) -> Any:
    numeric = isinstance(raw, int | float) if kind is float else isinstance(raw, kind)
    if not numeric or (isinstance(raw, bool) and kind is not bool):
        raise _wrong(
            where, {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}.get(kind, "an object"), raw
        )
    return raw


def _wrong(where: str, expected: str, raw: Any) -> HistoryError:
    return HistoryError(f"{where}: {raw!r} is not {expected}")
