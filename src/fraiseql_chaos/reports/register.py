"""
The weakness register: what is known not to hold, and since when.

    [W-001]
    seen    = "While the database is away a request waits for the whole pool timeout (30 s) instead of failing."
    affects = "fraiseql 1.8.9, 1.9.16"
    remedy  = "Set database_pool_timeout to a few seconds."

A test that names an entry is expected to be violated, strictly: the day it holds, the entry is out of date and the test says so.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports.record import Weakness

__all__ = ["read_register"]

_FIELDS = {"seen", "affects", "remedy", "evidence", "cause"}


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
        raise DeclarationError(f"{path}: {name} is not a table; an entry is [{name}] with seen, affects and remedy; nothing was run")
    for field, value in fields.items():
        if field not in _FIELDS or not isinstance(value, str):
            raise DeclarationError(f"{path}: {name}.{field}: allowed are {', '.join(sorted(_FIELDS))}, each a string; nothing was run")
    if not fields.get("seen"):
        raise DeclarationError(f"{path}: {name}.seen is missing: say in one sentence what was seen; nothing was run")
    return Weakness(id=name, seen=fields["seen"], affects=fields.get("affects", ""), remedy=fields.get("remedy", ""))
