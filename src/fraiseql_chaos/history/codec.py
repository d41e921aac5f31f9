"""
Events to JSON lines and back, and nothing else.

A line is ``{"type": ..., <the event's fields>}``. Reading is strict, because a verdict hangs on it: an unknown type, a missing or
unknown field, or a field of another type is an error that names the line and the field. Nothing is guessed and nothing is skipped.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final, TypeAliasType, get_args, get_origin, get_type_hints

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history.events import Event

__all__ = ["decode", "encode"]

_CLASSES: Final[dict[str, type[Event]]] = {cls.type: cls for cls in get_args(Event.__value__)}


def encode(event: Event) -> str:
    """Return the event as one line of JSON, without the newline."""
    fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return json.dumps({"type": event.type, **fields}, separators=(",", ":"), ensure_ascii=False)


def decode(line: str, *, where: str) -> Event:
    """
    Read one line.

    Args:
        line: One line of a history file.
        where: The file and line, for the error.

    Raises:
        HistoryError: If the line is not an event exactly as ``encode`` writes it.
    """
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        raise HistoryError(f"{where}: not JSON ({error.msg} at column {error.colno}); the file is damaged or cut short") from None
    if not isinstance(raw, dict):
        raise HistoryError(f"{where}: an event is a JSON object, not {type(raw).__name__}")
    name = raw.pop("type", None)
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise HistoryError(f"{where}: unknown event type {name!r}; this release knows {', '.join(sorted(_CLASSES))}")
    return _build(cls, raw, where)


def _build(cls: type[Event], raw: dict[str, Any], where: str) -> Event:
    hints = _FIELD_TYPES[cls.type]
    for key in raw:
        if key not in hints:
            raise HistoryError(f"{where}: field {key!r} does not belong to a {cls.type!r} event")
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.name not in raw:
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise HistoryError(f"{where}: field {field.name!r} of a {cls.type!r} event is missing")
            continue
        value = raw[field.name]
        if not any(_fits(value, allowed) for allowed in hints[field.name]):
            raise HistoryError(f"{where}: field {field.name!r} of a {cls.type!r} event has the value {value!r}, which is of the wrong type")
        values[field.name] = tuple(value) if isinstance(value, list) else value
    return cls(**values)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """Flatten a type hint into the types, and for literals the values, that a JSON value may have."""
    if isinstance(hint, TypeAliasType):
        return _alternatives(hint.__value__)
    if get_origin(hint) in {dict, tuple}:
        return (get_origin(hint),)
    arguments = get_args(hint)
    return tuple(a for argument in arguments for a in _alternatives(argument)) if arguments else (hint,)


def _fits(value: Any, allowed: Any) -> bool:
    if not isinstance(allowed, type):
        return bool(value == allowed)
    if allowed is tuple:
        return isinstance(value, list)
    if allowed is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, allowed) and not (allowed is int and isinstance(value, bool))


_FIELD_TYPES: Final = {
    name: {field.name: _alternatives(hints[field.name]) for field in dataclasses.fields(cls)}
    for name, cls in _CLASSES.items()
    if (hints := get_type_hints(cls))
}
