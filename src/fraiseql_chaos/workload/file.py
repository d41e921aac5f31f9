"""
A user's workload, read from a TOML or JSON file (see docs/workload-file.md).

    [[operation]]
    name = "post"                          # in histories and reports
    kind = "query"                         # or "mutation"
    document = "query Post($id: ID!) { post(id: $id) { title } }"    # or document_file = "post.graphql"
    weight = 9                             # how often, relative to the others; 1 if not given
    found_by = "SELECT ..."                # of a mutation: what finds its requests in the database afterwards

    [[operation.case]]                     # as many as you like; one is drawn for each request
    variables = { id = "7" }
    expect = { post = { title = "..." } }  # what the answer's data must contain; or "any"

Reading touches nothing but files, and is strict: a field that nobody reads would be an expectation that nobody checks.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload.model import Case, GraphQLOperation

__all__ = ["Workload", "read_workload"]

_OPERATION: Final = ("name", "kind", "document", "document_file", "weight", "found_by", "case")
_CASE: Final = ("variables", "expect")
_WEIGHT_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """
    What a workload file says.

    Attributes:
        operations: In the order of the file.
        weights: One an operation.
        unanswered: The query cases, as operation name and index, that say nothing about their answer; ``verify_operations`` records it.
        apart: What no mix contains, and is asked for by name only; a file has none.
    """

    operations: tuple[GraphQLOperation, ...]
    weights: tuple[int, ...]
    unanswered: tuple[tuple[str, int], ...]
    apart: tuple[GraphQLOperation, ...] = ()


def read_workload(path: Path) -> Workload:
    """
    Read a workload file.

    Args:
        path: A file that ends in ``.toml`` or ``.json``; files it names are looked for beside it.

    Raises:
        DeclarationError: If it cannot be read or says something that has no meaning; the message names file, operation and field.
    """
    raw = _parsed(path)
    _check_fields(f"{path}", raw, ("operation",))
    tables = raw.get("operation")
    if not isinstance(tables, list) or not tables:
        raise DeclarationError(f"{path}: there must be at least one [[operation]]; nothing was sent")
    read = [_operation(path, n, table) for n, table in enumerate(tables)]
    names = [operation.name for operation, _, _ in read]
    for n, name in enumerate(names):
        if name in names[:n]:
            raise DeclarationError(f"{path}: operation[{n}]: field 'name': {name!r} is taken by operation[{names.index(name)}]; nothing was sent")
    return Workload(
        operations=tuple(operation for operation, _, _ in read),
        weights=tuple(weight for _, weight, _ in read),
        unanswered=tuple((operation.name, index) for operation, _, indexes in read for index in indexes if operation.kind == "query"),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        match path.suffix:
            case ".toml":
                return tomllib.loads(text)
            case ".json":
                raw = json.loads(text)
            case suffix:
                raise DeclarationError(f"{path}: a workload file ends in .toml or .json, not {suffix!r}; nothing was sent")
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read: {error.strerror}; nothing was sent") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path}: is not {path.suffix[1:].upper()}: {error}; nothing was sent") from None
    if not isinstance(raw, dict):
        raise DeclarationError(f"{path}: must hold an object with the field 'operation', not {type(raw).__name__}; nothing was sent")
    return raw


def _operation(path: Path, number: int, table: Any) -> tuple[GraphQLOperation, int, list[int]]:
    """Return an operation, its weight, and which of its cases do not say what to expect."""
    where = f"{path}: operation[{number}]"
    if not isinstance(table, dict):
        raise DeclarationError(f"{where}: must be a table, not {type(table).__name__}; nothing was sent")
    where += f" ({table['name']})" if isinstance(table.get("name"), str) else ""
    _check_fields(where, table, _OPERATION)
    for field, allowed in (("name", "letters, digits and underscores"), ("kind", "'query' or 'mutation'")):
        if field not in table:
            raise DeclarationError(f"{where}: field {field!r} is missing; write {allowed}; nothing was sent")
    weight = table.get("weight", 1)
    if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= _WEIGHT_MAX:
        raise DeclarationError(f"{where}: field 'weight': {weight!r} is not a whole number from 1 to {_WEIGHT_MAX}; nothing was sent")
    cases = table.get("case", [{}])
    if not isinstance(cases, list) or not cases:
        raise DeclarationError(f"{where}: field 'case' must be [[operation.case]] tables, at least one if any; nothing was sent")
    read = tuple(_case(f"{where}: case[{n}]", case) for n, case in enumerate(cases))
    try:
        operation = GraphQLOperation(
            name=table["name"], document=_document(path, where, table), kind=table["kind"], cases=read, found_by=table.get("found_by")
        )
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from None
    return operation, weight, [n for n, case in enumerate(cases) if "expect" not in case]


def _document(path: Path, where: str, table: dict[str, Any]) -> str:
    if ("document" in table) == ("document_file" in table):
        raise DeclarationError(f"{where}: needs one of the fields 'document' and 'document_file', and only one; nothing was sent")
    if "document" in table:
        return table["document"]  # type: ignore[no-any-return]  # the operation checks it
    name = table["document_file"]
    if not isinstance(name, str):
        raise DeclarationError(f"{where}: field 'document_file': {name!r} is not a file's name; nothing was sent")
    try:
        return (path.parent / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{where}: field 'document_file': {path.parent / name} cannot be read: {error}; nothing was sent") from None


def _case(where: str, table: Any) -> Case:
    if not isinstance(table, dict):
        raise DeclarationError(f"{where}: must be a table, not {type(table).__name__}; nothing was sent")
    _check_fields(where, table, _CASE)
    expect = table.get("expect", "any")
    if expect != "any" and not isinstance(expect, dict):
        raise DeclarationError(f"{where}: field 'expect': {expect!r} is neither a table nor \"any\"; nothing was sent")
    try:
        return Case(variables=table.get("variables", {}), data=None if expect == "any" else expect)
    except DeclarationError as error:
        # The model speaks of data, as the answer does; the file calls it what it is for.
        told = str(error)
        raise DeclarationError(f"{where}: field {'expect' + told[4:] if told.startswith('data') else told}") from None


def _check_fields(where: str, table: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for field in table:
        if field not in allowed:
            raise DeclarationError(f"{where}: there is no field {field!r}, only {', '.join(allowed)}; nothing was sent")
