"""
Change a server setting, and put back exactly what was there.

``ALTER SYSTEM`` writes to ``postgresql.auto.conf``, which outranks ``postgresql.conf`` and is outranked by the server's command line, by
``ALTER ROLE`` and ``ALTER DATABASE``, and by the session itself. "What was there" is therefore the line in that file, or its absence, and
not the value in force. A change that something outranks would be a fault that does nothing, so it is refused.

Sessions that exist take a reloaded setting up before their next statement; settings of the ``backend`` contexts reach new sessions only.

Source:
    PostgreSQL documentation, "Parameter Interaction via the Configuration File"; views pg_settings and pg_file_settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, InjectionError, RigError
from fraiseql_chaos.rig.postgres.control import IMMUNE, Connection, fetch, session

__all__ = ["RELOAD_DEADLINE", "SettingChange", "alter_system", "check_in_force", "is_reloaded", "plan_change", "put_back"]

RELOAD_DEADLINE: Final = seconds(5)
"""The postmaster rereads its files as soon as it gets to run."""

LIST_SETTINGS: Final = frozenset(
    {"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"}
)
"""Lists whose items are quoted one by one, as pg_dump knows them (``variable_is_guc_list_quote``); one literal would become one item."""

_LIST_ITEM: Final = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^\s,"]+)')

_STATE: Final = """
SELECT s.context, s.source,
       (SELECT f.setting FROM pg_catalog.pg_file_settings f
        WHERE f.sourcefile LIKE '%%/postgresql.auto.conf' AND pg_catalog.lower(f.name) = pg_catalog.lower(s.name) ORDER BY f.seqno DESC LIMIT 1)
FROM pg_catalog.pg_settings s WHERE pg_catalog.lower(s.name) = pg_catalog.lower(%s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """
    One change of one setting, and the way back.

    Attributes:
        name: The setting.
        apply, restore: The two statements; each needs a reload or a restart to take effect.
        needs_restart: Whether a reload is not enough.
    """

    name: str
    apply: str
    restore: str
    needs_restart: bool


async def plan_change(dsn: str, name: str, value: str) -> SettingChange:
    """
    Look at a setting as it is, and plan the change; nothing is changed yet.

    Args:
        dsn: The control connection.
        name: The setting's name, in any case.
        value: As one would write it in ``postgresql.conf``, without quotes; a list is separated by commas.

    Raises:
        DeclarationError: If there is no such setting, it can never be changed, or the command line outranks the change.
    """
    rows = await fetch(dsn, _STATE, [name])
    if not rows:
        raise DeclarationError(f"the server knows no setting {name!r}; nothing was changed")
    context, source, previous = rows[0]
    if context == "internal":
        raise DeclarationError(f"{name} was fixed when the server was built or initialised and cannot be set; nothing was changed")
    if source == "command line":
        raise DeclarationError(f"{name} is fixed by the server's command line, which outranks ALTER SYSTEM; nothing was changed")
    return SettingChange(
        name=name.lower(), apply=_assignment(name, value), restore=_assignment(name, previous), needs_restart=context == "postmaster"
    )


async def alter_system(dsn: str, change: SettingChange, statement: str) -> None:
    """
    Run one of a change's two statements; have the server reread its files, and wait until it has, unless a restart is to follow.

    Raises:
        DeclarationError: If the server refuses the value; nothing was changed.
    """
    async with session(dsn) as connection:
        loaded = await _loaded_at(connection)
        try:
            await connection.execute(statement.encode())
        except (psycopg.errors.InvalidParameterValue, psycopg.errors.CantChangeRuntimeParam) as error:
            raise DeclarationError(f"{change.name}: {str(error).strip()}; nothing was changed") from error
        if change.needs_restart:
            return
        await connection.execute("SELECT pg_catalog.pg_reload_conf()")

        async def reloaded() -> bool:
            return bool(await _loaded_at(connection) != loaded)

        _: bool = await wait_until(reloaded, within=RELOAD_DEADLINE, what="the server's rereading of its configuration")


async def check_in_force(dsn: str, change: SettingChange) -> None:
    """
    See that the server took the change up.

    Raises:
        InjectionError: If something outranks it.
    """
    rows = await fetch(dsn, "SELECT source, pending_restart FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) = %s", [change.name])
    source, pending = rows[0] if rows else ("nowhere", False)
    # Where our own session is immune it sees its own value, and then plan_change has already seen that nothing else is in the way.
    if source not in {"configuration file", "client" if change.name in IMMUNE else ""} or pending:
        raise InjectionError(f"{change.name} was set, but is not in force: its value comes from {source!r}; it was put back")


async def is_reloaded(dsn: str, since_wall_s: float) -> bool:
    """Tell whether the server, of this machine, reread its files after an instant, in seconds since 1970; False also if it does not answer."""
    try:
        rows = await fetch(dsn, "SELECT pg_catalog.pg_conf_load_time() >= pg_catalog.to_timestamp(%s)", [since_wall_s])
    except RigError:
        return False
    return rows == [(True,)]


def put_back(now: str, before: str, name: str) -> str:
    """
    Return the text of ``postgresql.auto.conf`` with one setting as it was, and every other as it is.

    The way back for a server that lets nobody in, perhaps because of that very setting.

    Args:
        now: The file's text as it is.
        before: The file's text as it was.
        name: The setting, in lower case.
    """

    def is_ours(line: str) -> bool:
        return line.partition("=")[0].strip().lower() == name

    others = [line for line in now.splitlines(keepends=True) if not is_ours(line)]
    return "".join(others + [line for line in before.splitlines(keepends=True) if is_ours(line)])


async def _loaded_at(connection: Connection) -> Any:
    return await (await connection.execute("SELECT pg_catalog.pg_conf_load_time()")).fetchone()


def _assignment(name: str, value: str | None) -> str:
    """Return the statement that writes a value into ``postgresql.auto.conf``, or takes the setting out of it."""
    identifier = sql.Identifier(*name.lower().split("."))
    if value is None:
        return sql.SQL("ALTER SYSTEM RESET {}").format(identifier).as_string(None)
    items = _items(value) if name.lower() in LIST_SETTINGS else [value]
    literals = sql.SQL(", ").join(map(sql.Literal, items or [""]))
    return sql.SQL("ALTER SYSTEM SET {} = {}").format(identifier, literals).as_string(None)


def _items(text: str) -> list[str]:
    return [match["plain"] or match["quoted"].replace('""', '"') for match in _LIST_ITEM.finditer(text)]
