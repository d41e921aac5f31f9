"""
The service that is tested when nobody brings one: users, posts and comments, written the way FraiseQL teaches.

    schema.sql       tables, views and functions, and every row as a formula of its ordinal
    dataset.py       the same formulas in Python: what each answer must be
    operations.py    what a load asks, with those answers
    service/         what runs under test: ``stock:app`` and ``hardened:app``, in the interpreter of the release under test
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fraiseql_chaos.reference.operations import (
    AGGREGATE,
    COUNT_USERS,
    CREATE_USER,
    DELETE_USER,
    OPERATIONS,
    READ_NESTED,
    READ_POST,
    READ_USERS,
    RING,
    SLOW_REPORT,
    UPDATE_USER,
)

__all__ = [
    "AGGREGATE",
    "COUNT_USERS",
    "CREATE_USER",
    "DELETE_USER",
    "HARDENED",
    "OPERATIONS",
    "READ_NESTED",
    "READ_POST",
    "READ_USERS",
    "RING",
    "SCHEMA_SQL",
    "SERVICE_DIRECTORY",
    "SLOW_REPORT",
    "STOCK",
    "UPDATE_USER",
]

SCHEMA_SQL: Final = Path(__file__).with_name("schema.sql")
"""What makes an empty database the reference database."""

SERVICE_DIRECTORY: Final = Path(__file__).with_name("service")
"""What must be on the path of the service's interpreter."""

STOCK: Final = "stock:app"
"""The service with every default of FraiseQL's."""

HARDENED: Final = "hardened:app"
"""The service with every remedy that is configuration."""
