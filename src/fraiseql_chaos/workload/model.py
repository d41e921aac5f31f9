"""
What a load asks of a service, as values: an operation, and the cases it is asked with.

A load without expected answers can only count errors, and a service that answers quickly with somebody else's row looks healthy to
it. So each case carries the data its answer must *contain*: an object must have at least these keys, a list exactly these elements
in this order, a scalar exactly this value. What a schema adds later does no harm; a row lost, doubled, swapped or stale shows.

Requests that write must not collide with each other, nor with those of an earlier load on the same database. Wherever a string of a case
says ``{unique}``, sending replaces it with ``<mark>-<ordinal>``, in the variables and in the expected data alike, so that an answer that
belongs to another request is a wrong answer. The mark is the load's own, so that even a replay of the same seed collides with nothing.

An operation that writes may say how its requests are *found* again: a query on the database itself, whose first column holds the ``{unique}`` of a
request, one row for each time it took effect. Then an acknowledged request that is not there was lost, and one that is there twice was doubled.

Nothing here sends anything. A workload file of a user's own is the JSON form of these values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, get_args

from fraiseql_chaos.core import Json, JsonObject, dice
from fraiseql_chaos.errors import DeclarationError

__all__ = ["MARK", "UNIQUE", "Case", "GraphQLOperation", "OperationKind"]

type OperationKind = Literal["query", "mutation"]
"""``query`` changes nothing and may be repeated freely; of a ``mutation`` without an answer nobody knows whether it took effect."""

UNIQUE: Final = "{unique}"
"""What is replaced in the strings of a case, once a request."""

MARK: Final = "{mark}"
"""What is replaced in the query that finds requests again, by what all ``{unique}`` of a load begin with."""

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_SAID_OR_QUOTED: Final = re.compile(r'"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*')
_WORD: Final = re.compile(r"[{}()]|\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One way to ask an operation, and what must come back.

    Args:
        variables: The operation's variables; strings in it may say ``{unique}``.
        data: What the answer's ``data`` must contain, or None if any answer without errors is right.

    Raises:
        DeclarationError: If either is not made of JSON values.
    """

    variables: JsonObject
    data: JsonObject | None

    def __post_init__(self) -> None:
        _check_object("variables", self.variables)
        if self.data is not None:
            _check_object("data", self.data)

    def filled(self, unique: str) -> Case:
        """Return the case with ``{unique}`` replaced in every string of its variables and its data."""
        data = None if self.data is None else _filled_object(self.data, unique)
        return Case(variables=_filled_object(self.variables, unique), data=data)

    def to_json(self) -> JsonObject:
        """Return the case as a JSON object."""
        return {"variables": self.variables, "data": self.data}

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """
        Read a case; ``variables`` and ``data`` may be left out.

        Raises:
            DeclarationError: If it is not an object, a field is unknown, or a value is not allowed.
        """
        fields = _fields("a case", raw, required=frozenset(), allowed=frozenset({"variables", "data"}))
        return cls(variables=fields.get("variables", {}), data=fields.get("data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLOperation:
    """
    A GraphQL document and the cases it is asked with.

    Args:
        name: Its name in histories and reports; letters, digits and underscores, not starting with a digit.
        document: The GraphQL document, with one operation in it.
        kind: ``query`` or ``mutation``, as the document says.
        cases: At least one.
        found_by: SQL that finds what the requests of a mutation have left in the database: its first column is a text that contains their ``{unique}``,
            one row for each time one took effect, and ``{mark}`` in it is replaced by the load's mark. None if they cannot be found.

    Raises:
        DeclarationError: If a field is empty, of the wrong type, or ``kind`` is not what the document says, or requests could not be found by ``found_by``.
    """

    name: str
    document: str
    kind: OperationKind
    cases: tuple[Case, ...]
    found_by: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"operation: name {self.name!r} is not a name; use letters, digits and underscores, not starting with a digit; nothing was sent"
            )
        if not isinstance(self.document, str) or not self.document.strip():
            raise DeclarationError(f"operation {self.name}: document {self.document!r} holds no GraphQL; nothing was sent")
        if self.kind not in get_args(OperationKind.__value__):
            raise DeclarationError(f"operation {self.name}: kind {self.kind!r} is neither 'query' nor 'mutation'; nothing was sent")
        said = _kind_said(self.document)
        if said != self.kind:
            raise DeclarationError(f"operation {self.name}: kind {self.kind!r}, but document holds {said}; nothing was sent")
        if not isinstance(self.cases, tuple) or not self.cases or not all(isinstance(case, Case) for case in self.cases):
            raise DeclarationError(f"operation {self.name}: cases must be a tuple of at least one Case; nothing was sent")
        if self.found_by is not None:
            self._check_found_by(self.found_by)

    def _check_found_by(self, query: object) -> None:
        if self.kind != "mutation":
            raise DeclarationError(f"operation {self.name}: found_by, but a query leaves nothing to be found; nothing was sent")
        if not isinstance(query, str) or MARK not in query:
            raise DeclarationError(
                f"operation {self.name}: found_by {query!r} must be SQL that says {MARK}, as in ... WHERE email LIKE '{MARK}-%'; nothing was sent"
            )
        for n, case in enumerate(self.cases):
            if case.filled("") == case:
                raise DeclarationError(
                    f"operation {self.name}: found_by, but nothing in cases[{n}] says {UNIQUE}, so its requests cannot be told apart; nothing was sent"
                )

    def case(self, *, seed: int, ordinal: int, mark: str) -> Case:
        """
        Return the case of one request, filled and ready to send.

        Args:
            seed: The run's seed.
            ordinal: The request's place in the plan, from 0.
            mark: What no other load on the same database has; it chooses nothing.

        Returns:
            A case that depends on the arguments only.
        """
        chosen = dice(seed, "case", ordinal).choice(self.cases)
        return chosen.filled(f"{mark}-{ordinal}")

    def to_json(self) -> JsonObject:
        """Return the operation as a JSON object."""
        cases: list[Json] = [case.to_json() for case in self.cases]
        return {"name": self.name, "document": self.document, "kind": self.kind, "cases": cases, "found_by": self.found_by}

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """
        Read an operation; without ``cases`` it has one, with no variables and any answer.

        Raises:
            DeclarationError: If a field is missing, unknown or not allowed; the message names it and the operation.
        """
        fields = _fields("an operation", raw, required=frozenset({"name", "document", "kind"}), allowed=frozenset({"cases", "found_by"}))
        name, cases = fields["name"], fields.get("cases", [{}])
        if not isinstance(cases, list):
            raise DeclarationError(f"operation {name}: cases must be a list, not {type(cases).__name__}; nothing was sent")
        read = tuple(_case(name, n, case) for n, case in enumerate(cases))
        return cls(name=name, document=fields["document"], kind=fields["kind"], cases=read, found_by=fields.get("found_by"))


def _kind_said(document: str) -> str:
    """Return the kind of the only operation in a document, or words for what was found instead."""
    said = [kind for kind in _definitions(_SAID_OR_QUOTED.sub(" ", document)) if kind != "fragment"]
    if len(said) != 1:
        return f"{len(said)} operations" if said else "no operation"
    return said[0]


def _definitions(code: str) -> Iterator[str]:
    """Iterate over the first word of each definition of a document; a definition that begins with a brace is a query."""
    depth, kind = 0, ""
    for word in _WORD.findall(code):
        kind = kind or ("query" if word == "{" else word)
        depth += (word in "{(") - (word in "})")
        if depth == 0 and word == "}":
            yield kind
            kind = ""


def _case(name: Any, ordinal: int, raw: Json) -> Case:
    try:
        return Case.from_json(raw)
    except DeclarationError as error:
        raise DeclarationError(f"operation {name}: cases[{ordinal}]: {error}") from None


def _fields(what: str, raw: Json, *, required: frozenset[str], allowed: frozenset[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise DeclarationError(f"{what} is a JSON object, not {type(raw).__name__}; nothing was sent")
    for key in sorted(required - raw.keys()):
        raise DeclarationError(f"{what} needs the field {key!r}; nothing was sent")
    for key in raw.keys() - required - allowed:
        raise DeclarationError(f"{what} has no field {key!r}, only {', '.join(sorted(required | allowed))}; nothing was sent")
    return dict(raw)


def _check_object(where: str, value: object) -> None:
    if not isinstance(value, dict):
        raise DeclarationError(f"{where} must be a JSON object, not {type(value).__name__}; nothing was sent")
    _check(where, value)


def _check(where: str, value: object) -> None:
    """Refuse what JSON cannot carry unchanged, because it would come back as a wrong answer of an innocent service."""
    match value:
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise DeclarationError(f"{where} has the key {key!r}, and JSON keys are strings; nothing was sent")
                _check(f"{where}.{key}", inner)
        case list():
            for n, inner in enumerate(value):
                _check(f"{where}[{n}]", inner)
        case float() if not math.isfinite(value):
            raise DeclarationError(f"{where} is {value}, which JSON cannot carry; nothing was sent")
        case str() | int() | float() | None:
            pass
        case _:
            raise DeclarationError(f"{where} is {value!r}, of type {type(value).__name__}, which JSON cannot carry; nothing was sent")


def _filled_object(value: Mapping[str, Json], unique: str) -> JsonObject:
    return {key: _filled(inner, unique) for key, inner in value.items()}


def _filled(value: Json, unique: str) -> Json:
    match value:
        case str():
            return value.replace(UNIQUE, unique)
        case list():
            return [_filled(inner, unique) for inner in value]
        case dict():
            return _filled_object(value, unique)
        case _:
            return value
