"""
Databases of a cluster of ours: filled once as a template, then copied for each use.

Every database that we make carries the comment ``fraiseql-chaos disposable <lease>``. Nothing without that comment is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from fraiseql_chaos.core import seconds
from fraiseql_chaos.errors import ChaosError, DeclarationError
from fraiseql_chaos.rig.postgres.control import fetch, run, session
from fraiseql_chaos.rig.postgres.dsn import parse_dsn, to_uri

__all__ = ["DISPOSABLE", "clone", "create_template", "disposable_tag", "drop"]

DISPOSABLE: Final = "fraiseql-chaos disposable"
"""How the comment of a database begins that may be broken and thrown away."""

SCRIPT_DEADLINE: Final = seconds(120)
"""A schema takes a second; a template filled with much data may take long, and is made once."""

NAME_BYTES_MAX: Final = 63
"""``NAMEDATALEN - 1``: PostgreSQL silently cuts longer names, and two of them might become one."""


async def create_template(control: str, *, name: str, scripts: Sequence[str], owner: str, lease: str) -> None:
    """
    Make a database that others are copied from.

    Args:
        control: The control connection, to any other database.
        name: Its name.
        scripts: SQL, each run in one transaction by the owner.
        owner: A role; it is made, as an ordinary one that may log in, if there is none of that name.
        lease: Goes into the database's comment.

    Raises:
        DeclarationError: If the name cannot be one or is taken, or a script fails; then the database is removed again.
    """
    await _ensure_role(control, owner)
    await _create(control, sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(_valid(name)), sql.Identifier(owner)), name, lease)
    try:
        await _fill(control, scripts, name=name, owner=owner)
    except ChaosError as error:
        await drop(control, name=name)
        raise DeclarationError(f"template {name!r}, {error}; the database was removed again") from error
    async with session(control) as connection:
        # A template that nobody can connect to is never "being accessed by other users" when it is copied.
        await connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(sql.Identifier(name)))


async def clone(control: str, *, template: str, name: str, lease: str) -> None:
    """
    Copy a template, its owner included.

    The server's default way is the right one: from 15 on it copies through the write-ahead log, which measured up to a third faster for an
    8 MB template than ``STRATEGY FILE_COPY`` with its two checkpoints, and never slower; 14 only knows the latter, and no such clause.

    Args:
        control: The control connection.
        template: Made by ``create_template``.
        name: The new database.
        lease: Goes into the database's comment.

    Raises:
        DeclarationError: If there is no such template, or the name cannot be one or is taken.
    """
    rows = await fetch(
        control, "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s AND datistemplate", [template]
    )
    if not rows:
        raise DeclarationError(f"there is no template {template!r}; create_template makes one; nothing was copied")
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
        sql.Identifier(_valid(name)), sql.Identifier(template), sql.Identifier(rows[0][0])
    )
    await _create(control, statement, name, lease)


async def drop(control: str, *, name: str) -> None:
    """
    Drop a database of ours, ending the sessions in it.

    Raises:
        DeclarationError: If there is none of that name, or it is not ours.
    """
    query = "SELECT datistemplate, pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = %s"
    rows = await fetch(control, query, [name])
    if not rows:
        raise DeclarationError(f"there is no database {name!r}; nothing was dropped")
    if not (rows[0][1] or "").startswith(DISPOSABLE):
        raise DeclarationError(f"database {name!r} is not ours to drop: its comment does not begin with {DISPOSABLE!r}")
    async with session(control) as connection:
        if rows[0][0]:
            await connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def disposable_tag(lease: str) -> str:
    """Return the comment that marks a database as ours."""
    return f"{DISPOSABLE} {lease}"


async def _ensure_role(control: str, role: str) -> None:
    async with session(control) as connection:
        try:
            await connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(_valid(role))))
        # Two who make the same role at the same instant get a unique violation of the catalogue.
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            return


async def _create(control: str, statement: sql.Composed, name: str, lease: str) -> None:
    async with session(control) as connection:
        try:
            await connection.execute(statement)
        except psycopg.errors.DuplicateDatabase:
            raise DeclarationError(f"there is a database {name!r} already; nothing was made") from None
        await connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(disposable_tag(lease))))


async def _fill(control: str, scripts: Sequence[str], *, name: str, owner: str) -> None:
    async with session(_elsewhere(control, dbname=name, user=owner), within=SCRIPT_DEADLINE) as connection:
        for number, script in enumerate(scripts, start=1):
            try:
                await connection.execute(script.encode())
            except psycopg.Error as error:
                raise DeclarationError(f"script {number}: {str(error).strip()}") from error
    # Statistics now, so that no experiment sees its plans change half-way because autovacuum came by.
    await run(_elsewhere(control, dbname=name), "ANALYZE", within=SCRIPT_DEADLINE)


def _elsewhere(dsn: str, **parameters: str) -> str:
    return to_uri(parse_dsn(dsn) | parameters)


def _valid(name: str) -> str:
    if not name or "\0" in name or len(name.encode()) > NAME_BYTES_MAX:
        raise DeclarationError(f"{name!r} cannot be a name: it needs 1 to {NAME_BYTES_MAX} bytes, none of them zero; nothing was made")
    return name
