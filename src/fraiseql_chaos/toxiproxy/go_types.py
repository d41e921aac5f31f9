"""
Reading JSON into Go's types: which member goes where, and Go's words for one that does not fit.

    value --read(into=struct)--> what was set, and the first thing that did not fit

Three habits of Go's decoder are part of Toxiproxy's protocol. A name matches a field whatever its case. A ``null`` leaves a field as it
was. And a value that does not fit does not end the reading: the others are still set, and the first misfit is told at the end; that is why
an update that Toxiproxy answers with 400 may have changed something all the same.

Source: encoding/json of Go 1.23 (decode.go), read for its behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fraiseql_chaos.toxiproxy.go_json import Float32, Number, text_of

__all__ = ["Read", "Struct", "read", "read_list"]

type Scalar = Literal["string", "bool", "int", "int64", "float32"]

_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struct:
    """
    A Go struct.

    Attributes:
        name: What Go calls it in front of a field: ``Proxy``; empty if it has none.
        type: What Go calls it as a type: ``toxiproxy.Proxy``.
        fields: Its fields by their JSON names; what is not among them is skipped.
    """

    name: str
    type: str
    fields: Mapping[str, Scalar | Struct] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """
    What came of reading.

    Attributes:
        values: The fields that were set, with what they were set to; a struct's as a dictionary of its own.
        misfit: The first value that did not fit, in Go's words, or None.
    """

    values: dict[str, Any]
    misfit: str | None


def read(value: Any, struct: Struct) -> Read:
    """Read a decoded value into a struct."""
    reading = _Reading()
    values = reading.into(value, struct, "", "")
    return Read(values=values or {}, misfit=reading.misfit)


def read_list(value: Any, struct: Struct) -> tuple[list[Read], str | None]:
    """Read a decoded value into a slice of structs; return them, and the first misfit among all."""
    if value is None:
        return [], None
    if not isinstance(value, list):
        return [], f"json: cannot unmarshal {_sort(value)} into Go value of type []{struct.type}"
    items = [read(item, struct) for item in value]
    return items, next((item.misfit for item in items if item.misfit), None)


class _Reading:
    """One pass over a value, which remembers the first misfit."""

    def __init__(self) -> None:
        self.misfit: str | None = None

    def into(self, value: Any, wanted: Scalar | Struct, owner: str, path: str) -> Any:
        """Return what the field becomes, or None if it stays as it was."""
        match value, wanted:
            case None, _:
                return None
            case dict(), Struct():
                return self._members(value, wanted, path)
            case Number(), "int" | "int64" | "float32":
                return self._number(value, wanted, owner, path)
            case (Number(), _) | (_, Struct()):
                return self._refuse(_sort(value), wanted, owner, path)
            case (str(), "string") | (bool(), "bool"):
                return text_of(value) if isinstance(value, str) else value
            case _:
                return self._refuse(_sort(value), wanted, owner, path)

    def _members(self, members: Mapping[str, Any], struct: Struct, path: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in members.items():
            name = key if key in struct.fields else next((name for name in struct.fields if name.casefold() == key.casefold()), None)
            if name is None:
                continue
            became = self.into(value, struct.fields[name], f"{struct.name}.", f"{path}.{name}" if path else name)
            if became is not None:
                values[name] = values.get(name, {}) | became if isinstance(became, dict) else became
        return values

    def _number(self, number: Number, wanted: Scalar, owner: str, path: str) -> Any:
        try:
            fitting = Float32(float(number)) if wanted == "float32" else int(number)
        except (OverflowError, ValueError):
            return self._refuse(f"number {number}", wanted, owner, path)
        if wanted != "float32" and fitting not in _INT64:
            return self._refuse(f"number {number}", wanted, owner, path)
        return fitting

    def _refuse(self, sort: str, wanted: Scalar | Struct, owner: str, path: str) -> None:
        if self.misfit is None:
            place = f"struct field {owner}{path}" if path else "value"
            self.misfit = f"json: cannot unmarshal {sort} into Go {place} of type {wanted.type if isinstance(wanted, Struct) else wanted}"


def _sort(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case Number():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
