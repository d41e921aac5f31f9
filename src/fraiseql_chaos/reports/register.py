"""
The weakness register: what is known not to hold, and since when.

    [W-001]
    seen     = "While the database is away a request waits for the whole pool timeout (30 s) instead of failing."
    violates = ["no_hang"]
    affects  = "fraiseql 1.8.9, 1.9.16"
    evidence = "test_connection_refused[stock]: none of 71 requests had ended after 3 s"
    cause    = "fraiseql/fastapi/config.py:179 `database_pool_timeout: int = 30`"
    remedy   = "Set database_pool_timeout to a few seconds."

A test that names an entry is expected to be violated, strictly: the day it holds, the entry is out of date and the test says so. And it is
excused only for the kinds of expectations that the entry lists. What stands between backticks is shown as code.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports.record import Weakness
from fraiseql_chaos.verdicts import EXPECTATIONS

__all__ = ["read_register"]

_TEXTS = ("affects", "cause", "evidence", "remedy", "seen")
_KINDS = tuple(sorted(expectation.kind for expectation in EXPECTATIONS))


def read_register(path: Path) -> dict[str, Weakness]:
    """
    Read a register.

    Returns:
        Its entries by id.

    Raises:
        DeclarationError: If it cannot be read, or an entry is not one; the message names file, entry and field.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeclarationError(f"{path} cannot be read as a weakness register: {error}; nothing was run") from error
    return {name: _entry(path, name, fields) for name, fields in raw.items()}


def _entry(path: Path, name: str, fields: object) -> Weakness:
    if not isinstance(fields, dict):
        raise DeclarationError(f"{path}: {name} is not a table; an entry is [{name}] with seen, violates, affects and remedy; nothing was run")
    violates = fields.pop("violates", None)
    for field, value in fields.items():
        if field not in _TEXTS or not isinstance(value, str):
            raise DeclarationError(f"{path}: {name}.{field}: allowed are {', '.join(_TEXTS)}, each a string, and violates, a list; nothing was run")
    if not fields.get("seen"):
        raise DeclarationError(f"{path}: {name}.seen is missing: say in one sentence what was seen; nothing was run")
    if not isinstance(violates, list) or not violates or not set(violates) <= set(_KINDS):
        raise DeclarationError(f"{path}: {name}.violates: a list of at least one of {', '.join(_KINDS)}, and not {violates!r}; nothing was run")
    return Weakness(id=name, violates=tuple(violates), **{text: fields.get(text, "") for text in _TEXTS})
