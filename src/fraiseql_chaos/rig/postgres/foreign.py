"""
A server that is not ours: the user named it by DSN, and it must be as it was when we leave.

Three rules. We touch it only if its database says that it may be broken (a comment that begins with ``fraiseql-chaos disposable``), or if
the user says so. We offer only what SQL can do, and refuse the rest by name. What we change is promised to the keeper first.

Sessions are ended in the named database only. A setting, however, is the whole server's: ``ALTER SYSTEM`` knows no smaller scope that
sessions which exist would take up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, NoReturn, Self

from psycopg import sql

from fraiseql_chaos.errors import CapabilityError, DeclarationError, RigError
from fraiseql_chaos.rig.keeper import Keeper, Protection, RunSql
from fraiseql_chaos.rig.postgres import sessions
from fraiseql_chaos.rig.postgres.control import session
from fraiseql_chaos.rig.postgres.databases import DISPOSABLE
from fraiseql_chaos.rig.postgres.dsn import Parameters, Target, parse_dsn, to_uri
from fraiseql_chaos.rig.postgres.guard import healing
from fraiseql_chaos.rig.postgres.server import SQL_VERBS, Freezable, StopMode
from fraiseql_chaos.rig.postgres.settings import SettingChange, alter_system, check_in_force, plan_change

__all__ = ["ForeignServer"]

_NO_PROCESSES: Final = "its processes are not ours to signal; run without a DSN for a server of our own, which can be stopped, crashed and frozen"
_RELOAD: Final = "SELECT pg_catalog.pg_reload_conf()"

_SURVEY: Final = """
SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int / 10000,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
       current_database(), pg_catalog.shobj_description(oid, 'pg_database')
FROM pg_catalog.pg_database WHERE datname = current_database()
"""


class ForeignServer:
    """
    A server that the user named; get one from ``ForeignServer.connect``.

    Attributes:
        host, port: Where it listens, as we reached it.
        version, major: Of the server.
        database: The one database we may break.
        superuser: Whether the DSN's user is one; settings can only be changed then.
    """

    def __init__(
        self, keeper: Keeper, *, parameters: Parameters, host: str, port: int, version: str, major: int, database: str, superuser: bool
    ) -> None:
        self._keeper = keeper
        self._parameters = parameters
        self.host = host
        self.port = port
        self.version = version
        self.major = major
        self.database = database
        self.superuser = superuser

    @classmethod
    async def connect(cls, dsn: str, *, keeper: Keeper, i_own_this_database: bool = False) -> Self:
        """
        Connect, look, and change nothing.

        Args:
            dsn: A URI or a list of words, as libpq takes it.
            keeper: Is promised what must be undone.
            i_own_this_database: The user's word, where the database does not say itself that it is disposable.

        Raises:
            DeclarationError: If the DSN cannot be read, or the database is not disposable; nothing was touched.
            RigError: If the server cannot be reached, with host, port, user and the server's words, and never the password.
        """
        parameters = parse_dsn(dsn)
        try:
            async with session(dsn) as connection:
                row = await (await connection.execute(_SURVEY)).fetchone()
                host, port = connection.info.host, connection.info.port
        except RigError as error:
            raise RigError(f"{error}\nNothing was touched") from error
        if row is None:
            raise RigError(f"{Target.of(parameters)}: the server does not list the database we are connected to")
        version, major, superuser, database, comment = row
        if not i_own_this_database and not (comment or "").startswith(DISPOSABLE):
            raise DeclarationError(_not_disposable(parameters, database))
        return cls(keeper, parameters=parameters, host=host, port=port, version=version, major=major, database=database, superuser=superuser)

    @property
    def server_log(self) -> None:
        """Nothing: its log is not ours to read."""

    def verbs(self) -> frozenset[str]:
        """Return what SQL can do, with the rights that the DSN's user has."""
        return SQL_VERBS if self.superuser else SQL_VERBS - {"setting"}

    def ended(self) -> str | None:
        """Return nothing: its processes are not ours to watch."""
        return None

    def leader(self) -> int | None:
        """Return nothing: its processes are not ours to look at."""
        return None

    async def provide_database(self, name: str, scripts: Sequence[str]) -> str:  # noqa: ARG002  a server of ours needs both
        """Return the named database: it is the only one we may break, and its owner has made it what it is."""
        return self.database

    async def discard_database(self, name: str) -> None:
        """Leave it: it is not ours."""

    async def close(self) -> None:
        """Leave the server as it is; what was changed is put back by the guards."""

    def dsn(self, database: str | None = None, *, user: str | None = None, via: tuple[str, int] | None = None) -> str:
        """
        Return the user's DSN as a URI for clients.

        Args:
            database: The named database; there is no other here.
            user: Another role, without the password, which is not its.
            via: The address of an edge in front of the server. Mind ``sslmode=verify-full``, which will not know that name.

        Raises:
            DeclarationError: If another database is asked for.
        """
        self._check_ours(database)
        parameters = dict(self._parameters)
        if user is not None and user != parameters.get("user"):
            parameters |= {"user": user}
            parameters.pop("password", None)
        if via is not None:
            parameters.pop("hostaddr", None)
            parameters |= {"host": via[0], "port": str(via[1])}
        return to_uri(parameters)

    def control_dsn(self, database: str | None = None) -> str:
        """Return the user's DSN for ourselves, past every edge."""
        return self.dsn(database)

    async def terminate_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """End client sessions in the named database, all or some; see ``sessions.terminate_backends``."""
        self._check_ours(database)
        return await sessions.terminate_backends(self.control_dsn(), pids=pids, database=self.database)

    async def cancel_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """Cancel what client sessions in the named database do, all or some; see ``sessions.cancel_backends``."""
        self._check_ours(database)
        return await sessions.cancel_backends(self.control_dsn(), pids=pids, database=self.database)

    @asynccontextmanager
    async def setting(self, name: str, value: str) -> AsyncIterator[None]:
        """
        Change a setting of the whole server with ``ALTER SYSTEM`` and a reload; leaving, or our death, puts it back.

        Raises:
            DeclarationError: If there is no such setting, or it cannot be changed so; nothing was changed.
            RigError: If the user is no superuser, or the setting needs a restart; nothing was changed.
            InjectionError: If it did not take effect, or could not be put back.
        """
        if not self.superuser:
            self._refuse("setting", "ALTER SYSTEM needs a superuser")
        change = await plan_change(self.control_dsn(), name, value)
        if change.needs_restart:
            self._refuse(f"setting {name}", "it takes effect at a restart only, and the server is not ours to restart")
        protection = self._keeper.protect(RunSql(self.control_dsn(), (change.restore, _RELOAD)))
        async with healing(lambda: self._restore(change, protection), what=f"{name} was set to {value!r}"):
            await alter_system(self.control_dsn(), change, change.apply)
            await check_in_force(self.control_dsn(), change)
            yield

    async def stop(self, mode: StopMode = "fast") -> None:
        """Refused."""
        self._refuse(f"stop({mode!r})", _NO_PROCESSES)

    async def start(self) -> None:
        """Refused."""
        self._refuse("start", _NO_PROCESSES)

    async def restart(self, mode: StopMode = "fast") -> None:
        """Refused."""
        self._refuse(f"restart({mode!r})", _NO_PROCESSES)

    async def crash(self) -> None:
        """Refused."""
        self._refuse("crash", _NO_PROCESSES)

    async def freeze(self, what: Freezable) -> tuple[int, ...]:
        """Refused."""
        self._refuse(f"freeze({what!r})", _NO_PROCESSES)

    async def thaw(self, what: Freezable = "all") -> None:
        """Refused."""
        self._refuse(f"thaw({what!r})", _NO_PROCESSES)

    def stopped(self, mode: StopMode = "fast") -> AbstractAsyncContextManager[None]:
        """Refused."""
        self._refuse(f"stopped({mode!r})", _NO_PROCESSES)

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Refused."""
        self._refuse("crashed", _NO_PROCESSES)

    def frozen(self, what: Freezable) -> AbstractAsyncContextManager[None]:
        """Refused."""
        self._refuse(f"frozen({what!r})", _NO_PROCESSES)

    async def _restore(self, change: SettingChange, protection: Protection) -> None:
        await alter_system(self.control_dsn(), change, change.restore)
        self._keeper.release(protection)

    def _check_ours(self, database: str | None) -> None:
        if database not in {None, self.database}:
            raise DeclarationError(f"the named database is {self.database!r}; {database!r} is not ours, and was not touched")

    def _refuse(self, verb: str, reason: str) -> NoReturn:
        raise CapabilityError(f"{verb} is not possible on {Target.of(self._parameters)}: {reason}; nothing was touched")


def _not_disposable(parameters: Parameters, database: str) -> str:
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(DISPOSABLE)).as_string(None)
    return (
        f"{Target.of(parameters)} is not marked as disposable, and faults may destroy what is in it. Nothing was touched. If it may be broken, say so "
        f"with --i-own-this-database, or mark it:\n  {statement}"
    )
