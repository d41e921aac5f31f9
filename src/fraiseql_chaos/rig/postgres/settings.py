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
from fraiseql_chaos.errors import DeclarationError, InjectionError
from fraiseql_chaos.rig.postgres.control import Connection, session

__all__ = ["SettingChange", "alter_system", "check_in_force", "plan_change"]

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
    async with session(dsn) as connection:
        row = await (await connection.execute(_STATE, [name])).fetchone()
    if row is None:
        raise DeclarationError(f"the server knows no setting {name!r}; nothing was changed")
    context, source, previous = row
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
    async with session(dsn) as connection:
        query = (
            "SELECT source, sourcefile LIKE '%%/postgresql.auto.conf', pending_restart FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) = %s"
        )
        row = await (await connection.execute(query, [change.name])).fetchone()
    if row is None or row[1:] != (True, False):
        source = "unknown" if row is None else row[0]
        raise InjectionError(f"{change.name} was set, but is not in force: its value comes from {source!r}; it was put back")


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
