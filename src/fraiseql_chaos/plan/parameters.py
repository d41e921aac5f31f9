"""
A fault's magnitudes as JSON and back, read off its own fields, so that a new fault needs nothing anywhere for being sent, stored and printed.

    Latency(delay=ms(250), scope=Scope(first=2))  <->  {"delay_ms": 250.0, "jitter_ms": 0.0, "direction": "down", "scope": {"first": 2}}

A field that is a duration is called ``<field>_ms`` in JSON. A field that is a value with fields of its own becomes an object of what differs
from that value's defaults, and is left out where nothing does. Checking the magnitudes is left to the fault itself.
"""

from __future__ import annotations

import dataclasses
from types import UnionType
from typing import Any, Final, cast, get_args, get_type_hints

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.errors import DeclarationError

__all__ = ["parameter_names", "parameters_of", "with_parameters"]

_DURATION_SUFFIX: Final = "_ms"


def parameters_of(value: Any) -> JsonObject:
    """Return the fields of a fault, or of a value inside one, as JSON."""
    raw: JsonObject = {}
    for name, field in _fields(type(value)).items():
        held = getattr(value, field.name)
        if isinstance(held, Duration):
            raw[name] = held.ms
        elif dataclasses.is_dataclass(held):
            nested = {key: shown for key, shown in parameters_of(held).items() if shown != _defaults(type(held)).get(key, ...)}
            if nested:
                raw[name] = nested
        else:
            raw[name] = list(held) if isinstance(held, tuple) else held
    return raw


def with_parameters[T](cls: type[T], raw: JsonObject, *, what: str) -> T:
    """
    Make a fault, or a value inside one, from what ``parameters_of`` wrote; what is left out keeps its default.

    Args:
        cls: What to make.
        raw: Its fields.
        what: What messages call it.

    Raises:
        DeclarationError: If a parameter is unknown or missing, has a type that it cannot have, or the value itself refuses it.
    """
    fields, hints = _fields(cls), get_type_hints(cls)
    if unknown := sorted(raw.keys() - fields.keys()):
        raise DeclarationError(f"{what} has no parameter {', '.join(unknown)}; it has {', '.join(fields) or 'none'}; nothing was armed")
    values: dict[str, Any] = {}
    for name, given in raw.items():
        field = fields[name]
        nested = _nested(hints[field.name])
        if name != field.name:
            values[field.name] = ms(cast("float", given)) if given is not None else None
        elif nested is not None and isinstance(given, dict):
            values[field.name] = with_parameters(nested, given, what=f"{what}: {name}")
        elif nested is not None and given is not None:
            raise DeclarationError(f"{what}: {name} is an object of {', '.join(_fields(nested))}, not {given!r}; nothing was armed")
        else:
            values[field.name] = tuple(given) if isinstance(given, list) else given
    try:
        return cls(**values)
    except TypeError as error:
        raise DeclarationError(f"{what}: {error}; nothing was armed") from None


def parameter_names(cls: type) -> tuple[str, ...]:
    """Return what the parameters of a fault are called in JSON, in the order of its fields."""
    return tuple(_fields(cls))


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    hints = get_type_hints(cls)
    return {f"{field.name}{_DURATION_SUFFIX}" if Duration in _options(hints[field.name]) else field.name: field for field in dataclasses.fields(cls)}


def _defaults(cls: type) -> JsonObject:
    """Return the defaults of a value as JSON, of the fields that have one."""
    with_default = {field.name: field.default for field in dataclasses.fields(cls) if field.default is not dataclasses.MISSING}
    names = {field.name: name for name, field in _fields(cls).items()}
    return {names[name]: default.ms if isinstance(default, Duration) else cast("Any", default) for name, default in with_default.items()}


def _options(hint: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the type itself."""
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _nested(hint: Any) -> type | None:
    return next((o for o in _options(hint) if isinstance(o, type) and dataclasses.is_dataclass(o) and o is not Duration), None)
