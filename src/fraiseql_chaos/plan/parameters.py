"""
A fault's magnitudes as JSON and back, read off its own fields, so that a new fault needs nothing anywhere for being sent, stored and printed.

    Latency(delay=ms(250), scope=Scope(first=2))  <->  {"delay_ms": 250.0, "jitter_ms": 0.0, "direction": "down", "scope": {"first": 2}}

A field that is a duration is called ``<field>_ms`` in JSON. A field that is a value with fields of its own becomes an object of what differs
from that value's defaults, and is left out where nothing does. Checking the magnitudes is left to the fault itself.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, NamedTuple, TypeAliasType, cast, get_args, get_origin, get_type_hints

from fraiseql_chaos.core import Duration, JsonObject, JsonScalar, ms, parse_duration
from fraiseql_chaos.errors import DeclarationError

__all__ = ["described_parameters", "parameter_names", "parameters_of", "textual_parameters", "with_options", "with_parameters"]

_DURATION_SUFFIX: Final = "_ms"


def parameters_of(value: Any) -> JsonObject:
    """Return the fields of a fault, or of a value inside one, as JSON."""
    raw: JsonObject = {}
    for name, field in _fields(type(value)).items():
        held = getattr(value, field.name)
        if isinstance(held, Duration):
            raw[name] = held.ms
        elif dataclasses.is_dataclass(held):
            if nested := _differing(held):
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
    fields, hints = _fields(cls), _hints(cls)
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


def described_parameters(cls: type) -> dict[str, str]:
    """
    Return what may be said of a fault in words and numbers, each with what it takes and its default.

    The parameters of a value inside stand among the others: ``toxicity`` and not ``scope``; those that two of them have in common are told apart by
    whose they are, ``scope_first`` and ``trigger_first``.
    """
    return {name: _takes(leaf.hint) + _default_words(leaf.default) for name, leaf in _leaves(cls).items()}


def textual_parameters(cls: type) -> frozenset[str]:
    """Return which of ``described_parameters`` take a word whatever it looks like: the SQLSTATE ``40001`` is no number, nor is ``08006``."""
    return frozenset(name for name, leaf in _leaves(cls).items() if str in _options(leaf.hint))


def with_options[T](cls: type[T], options: Mapping[str, JsonScalar], *, what: str) -> T:
    """
    Make a fault from words and numbers as people give them on a command line.

    A duration is given in milliseconds by its JSON name, or with its unit by its own: ``delay_ms=50`` or ``delay=50ms``. A number of things may come
    as ``2.0``, and a yes or no as the word ``true`` or ``false``. The parameters of a value inside stand among the others, and what is not said of
    such a value is as the fault has it by default.

    Args:
        cls: What to make.
        options: What was given; all of them must be named by ``described_parameters``, durations with or without ``_ms``.
        what: What messages call it.

    Raises:
        DeclarationError: If one is missing, has no meaning, or was given twice.
    """
    raw: JsonObject = {}
    for name, leaf in _leaves(cls).items():
        is_span = Duration in _options(leaf.hint)
        given = {key: options[key] for key in {name, name.removesuffix(_DURATION_SUFFIX) if is_span else name} if key in options}
        if len(given) > 1:
            raise DeclarationError(f"{what}: {' and '.join(sorted(given))} are the same; give one of them; nothing was armed")
        if given:
            ((key, value),) = given.items()
            *outer, last = leaf.path
            inside = cast("JsonObject", raw.setdefault(outer[0], dict(leaf.beside))) if outer else raw
            inside[last] = _milliseconds(key, value, what=what) if is_span else _converted(leaf.hint, key, value, what=what)
        elif leaf.default is dataclasses.MISSING:
            raise DeclarationError(f"{what}: {name} is missing; it takes {_takes(leaf.hint)}; nothing was armed")
    return with_parameters(cls, raw, what=what)


class _Leaf(NamedTuple):
    """A parameter that takes one word or number: where it stands in JSON, what it takes, its default, and what else its value then says."""

    path: tuple[str, ...]
    hint: Any
    default: Any
    beside: JsonObject


def _leaves(cls: type) -> dict[str, _Leaf]:
    """Return the parameters of a fault and of the values inside it, by names of which no two are the same."""
    found = []
    for name, field in _fields(cls).items():
        hint = _hints(cls)[field.name]
        if (nested := _nested(hint)) is None:
            found.append(_Leaf((name,), hint, field.default, {}))
            continue
        hints, held = _hints(nested), field.default  # The fault's own: a trigger may be about other messages here than elsewhere.
        beside = _differing(held) if dataclasses.is_dataclass(held) else {}
        found += [
            _Leaf((name, inner), hints[inside.name], getattr(held, inside.name, inside.default), beside) for inner, inside in _fields(nested).items()
        ]
    times = Counter(leaf.path[-1] for leaf in found)
    return {leaf.path[-1] if times[leaf.path[-1]] == 1 else "_".join(leaf.path): leaf for leaf in found}


def _milliseconds(name: str, value: JsonScalar, *, what: str) -> JsonScalar:
    if isinstance(value, str):
        return parse_duration(value).ms
    if name.endswith(_DURATION_SUFFIX) or value is None:
        return value
    raise DeclarationError(f"{what}: {name}={value!r} has no unit; write {name}=250ms, or {name}{_DURATION_SUFFIX}=250; nothing was armed")


def _converted(hint: Any, name: str, value: JsonScalar, *, what: str) -> JsonScalar:
    """Return a number of things as a whole one, if it is, and what is true or false as that."""
    if bool in _options(hint):
        truths: dict[JsonScalar, bool] = {"true": True, "false": False}
        if not isinstance(value, bool) and value not in truths:
            raise DeclarationError(f"{what}: {name} is true or false, not {value!r}; nothing was armed")
        return truths.get(value, bool(value))
    return int(value) if isinstance(value, float) and value.is_integer() and int in _options(hint) else value


def _takes(hint: Any) -> str:
    words = [_takes_one(option) for option in _options(hint) if option is not type(None)]
    return " or ".join(dict.fromkeys(words))


def _takes_one(hint: Any) -> str:
    if hint is Duration:
        return "milliseconds"
    if get_origin(hint) is Literal:
        *most, last = map(str, get_args(hint))
        return f"{', '.join(most)} or {last}" if most else last
    return {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}.get(hint, "a value")


def _default_words(default: Any) -> str:
    if default is dataclasses.MISSING:
        return ""
    shown = f"{default.ms:g}" if isinstance(default, Duration) else "no limit" if default is None else default
    return f" (default {shown})"


def _hints(cls: type) -> Mapping[str, Any]:
    return _read(cls)[0]


def _fields(cls: type) -> Mapping[str, dataclasses.Field[Any]]:
    return _read(cls)[1]


@cache
def _read(cls: type) -> tuple[Mapping[str, Any], Mapping[str, dataclasses.Field[Any]]]:
    """Return the types of a class's fields, and the fields by their name in JSON. It takes milliseconds, and a proxy is commanded thousands of times."""
    hints = get_type_hints(cls)
    fields = dataclasses.fields(cls)
    return hints, {f"{field.name}{_DURATION_SUFFIX}" if Duration in _options(hints[field.name]) else field.name: field for field in fields}


def _differing(held: Any) -> JsonObject:
    """Return what of a value inside differs from its type's defaults, as JSON."""
    return {key: shown for key, shown in parameters_of(held).items() if shown != _defaults(type(held)).get(key, ...)}


def _defaults(cls: type) -> JsonObject:
    """Return the defaults of a value as JSON, of the fields that have one."""
    with_default = {field.name: field.default for field in dataclasses.fields(cls) if field.default is not dataclasses.MISSING}
    names = {field.name: name for name, field in _fields(cls).items()}
    return {names[name]: default.ms if isinstance(default, Duration) else cast("Any", default) for name, default in with_default.items()}


def _options(hint: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the type itself; what has a name of its own is looked behind."""
    alternatives = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return tuple(one.__value__ if isinstance(one, TypeAliasType) else one for one in alternatives)


def _nested(hint: Any) -> type | None:
    return next((o for o in _options(hint) if isinstance(o, type) and dataclasses.is_dataclass(o) and o is not Duration), None)
