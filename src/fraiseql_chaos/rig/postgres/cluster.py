"""
A PostgreSQL of our own, which may be stopped, crashed and frozen without asking anybody.

    runner --- control: Unix socket, superuser ---+
                                                  v
    keeper --parent of--> postmaster --parent of--> backends, workers
                              ^
    service -- edges -- 127.0.0.1:port (held by us, also while nobody listens)

In a network namespace of its own the server listens at every address there, which are the far ends of packet links; the control socket is in the
file system and does not care. Everything lives below the keeper's directory and dies with its lease. Verbs that change whether the server runs come one at a time; they
are not made to race each other.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from fraiseql_chaos.core import Duration, seconds, wait_until
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.rig.keeper import Child, Keeper, Namespaces, RemoveTree
from fraiseql_chaos.rig.postgres import databases, sessions
from fraiseql_chaos.rig.postgres.account import Account, server_account
from fraiseql_chaos.rig.postgres.binaries import Binaries, find_binaries
from fraiseql_chaos.rig.postgres.certificate import TLS_SETTINGS, install_certificate
from fraiseql_chaos.rig.postgres.control import fetch
from fraiseql_chaos.rig.postgres.dsn import to_uri
from fraiseql_chaos.rig.postgres.guard import healing
from fraiseql_chaos.rig.postgres.initialisation import SUPERUSER, check_settings, command_line_settings, initialise, server_environment
from fraiseql_chaos.rig.postgres.port import LOOPBACK, HeldPort
from fraiseql_chaos.rig.postgres.postmaster import STOP_DEADLINE, Postmaster
from fraiseql_chaos.rig.postgres.server import VERBS, Freezable, StopMode
from fraiseql_chaos.rig.postgres.server_log import ServerLog
from fraiseql_chaos.rig.postgres.settings import RELOAD_DEADLINE, SettingChange, alter_system, check_in_force, is_reloaded, plan_change, put_back

__all__ = ["APPLICATION_ROLE", "Cluster"]

APPLICATION_ROLE: Final = "app"
"""Owns templates and their copies, and is whom the service logs in as: no superuser, so that slots reserved for those are not for it."""

SOCKET_PATH_BYTES_MAX: Final = 107
"""``sun_path`` of unix(7), less its final zero byte."""

_POLL_DEADLINE: Final = seconds(1)


class Cluster:
    """
    A server of ours; make one with ``Cluster.create``, and leave it through ``close`` or as a context manager.

    Attributes:
        host, port: Where clients connect; the port stays ours and the same until ``close``.
        socket_directory: Where the control socket is; closed to other users.
        data: The data directory.
        log: The server's log; ``server_log`` reads it.
        root_certificate: The file that clients must trust (``sslrootcert``); None if the server does not speak TLS.
    """

    host: Final = LOOPBACK

    def __init__(self, keeper: Keeper, *, binaries: Binaries, account: Account, inside: Namespaces | None = None) -> None:
        self._keeper = keeper
        self._binaries = binaries
        self._account = account
        self._inside = inside
        self._held = HeldPort()
        self.root_certificate: Path | None = None
        self.port = self._held.number
        self._directory = account.new_directory(keeper.directory)
        self.socket_directory = _socket_directory(keeper, self._directory, account)
        self.data = self._directory / "data"
        self.log = self._directory / "server.log"
        self._system_settings = self.data / "postgresql.auto.conf"
        self._postmaster = Postmaster(keeper, spawn=self._spawn, lets_in=self._lets_in, log=self.server_log)
        self._templates: dict[tuple[str, ...], str] = {}

    @classmethod
    async def create(
        cls,
        keeper: Keeper,
        *,
        binaries: Binaries | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
        inside: Namespaces | None = None,
        tls: bool = False,
        start: bool = True,
    ) -> Self:
        """
        Initialise a data directory and start a server on it.

        Args:
            keeper: Owns the server's processes and files.
            binaries: Which PostgreSQL; None takes what ``find_binaries`` finds.
            settings: Lines for ``postgresql.conf``, on top of our defaults (see ``initialisation``).
            inside: The network it lives in; ours if not given.
            tls: Whether it speaks TLS, with a certificate made for it; clients may still do without.
            start: False leaves the server down.

        Raises:
            DeclarationError: If a setting cannot be one, or is fixed by the rig; before anything is started.
            RigError: If the server cannot be initialised or does not start, with the end of its log.
        """
        check_settings(settings)
        cluster = cls(keeper, binaries=binaries or find_binaries(), account=server_account(), inside=inside)
        try:
            await initialise(
                keeper,
                binaries=cluster._binaries,
                account=cluster._account,
                data=cluster.data,
                log=cluster._directory / "initdb.log",
                settings=settings,
            )
            if tls:
                cluster.root_certificate = cluster._directory / "root.crt"
                cluster.root_certificate.write_text(install_certificate(cluster.data, cluster._account), encoding="ascii")
            if start:
                await cluster.start()
        except BaseException:
            await cluster.close()
            raise
        return cluster

    async def close(self) -> None:
        """End the server without ceremony, remove its files and give its port back."""
        try:
            if self.is_running:
                await self.crash()
            shutil.rmtree(self._directory)
            shutil.rmtree(self.socket_directory, ignore_errors=True)
        finally:
            self._held.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def version(self) -> str:
        """Its version, as in ``18.6``."""
        return self._binaries.version

    @property
    def major(self) -> int:
        """Its major version."""
        return self._binaries.major

    @property
    def is_running(self) -> bool:
        """Whether the postmaster lives, frozen or not; ask ``start`` whether it lets clients in."""
        return self._postmaster.is_running

    @property
    def postmaster(self) -> Child:
        """
        The server's first process.

        Raises:
            RigError: If it does not run.
        """
        return self._postmaster.child

    @property
    def server_log(self) -> ServerLog:
        """What the server says."""
        return ServerLog(self.log)

    def verbs(self) -> frozenset[str]:
        """Return every verb: the server is ours."""
        return VERBS

    def ended(self) -> str | None:
        """Return the end of its log if it does not run; None if it does."""
        return None if self.is_running else f"the end of its log:\n{self.server_log.tail()}"

    def leader(self) -> int | None:
        """Return the postmaster; None while it does not run."""
        return self.postmaster.pid if self.is_running else None

    def dsn(self, database: str, *, user: str | None = None, via: tuple[str, int] | None = None) -> str:
        """
        Return a URI for clients, over TCP and without a password; it insists on TLS if the server speaks it.

        Args:
            database: Which database.
            user: A role; the application's if not given.
            via: The address of an edge in front of the server.

        Raises:
            DeclarationError: If the superuser is asked for: loopback is open to everybody on this machine.
        """
        if user == SUPERUSER:
            raise DeclarationError(f"{SUPERUSER} may only come through the Unix socket (control_dsn); choose a role of the application's")
        host, port = via or (self.host, self.port)
        trust = {} if self.root_certificate is None else {"sslmode": "verify-ca", "sslrootcert": str(self.root_certificate)}
        return to_uri({"user": user or APPLICATION_ROLE, "host": host, "port": str(port), "dbname": database} | trust)

    def control_dsn(self, database: str | None = None, *, user: str = SUPERUSER) -> str:
        """Return a URI for ourselves, over the Unix socket."""
        return to_uri({"user": user, "host": str(self.socket_directory), "port": str(self.port), "dbname": database or "postgres"})

    async def start(self) -> None:
        """
        Start and wait until clients are let in; after a crash that includes recovery. A server that runs is only waited for.

        Raises:
            RigError: If it ends instead, with the end of its log, or does not come up in time.
        """
        await self._postmaster.start()

    async def stop(self, mode: StopMode = "fast", *, within: Duration = STOP_DEADLINE) -> None:
        """
        Shut down and wait for the end.

        Args:
            mode: ``smart`` waits until every client has left; ``fast`` ends them with 57P01; ``immediate`` drops them, and leaves recovery
                to the next start.
            within: The deadline; a smart stop that misses it lets nobody new in and goes on waiting.

        Raises:
            DeclarationError: If the mode is none of these.
            RigError: If the server does not run, is frozen, or does not end in time.
        """
        await self._postmaster.stop(mode, within=within)

    async def restart(self, mode: StopMode = "fast") -> None:
        """Shut down and start again, on the same port."""
        await self.stop(mode)
        await self.start()

    async def crash(self) -> None:
        """Kill the postmaster with SIGKILL, and wait until its backends are gone too; see ``Postmaster.crash``."""
        await self._postmaster.crash()

    async def freeze(self, what: Freezable) -> tuple[int, ...]:
        """
        Stop processes with SIGSTOP.

        Args:
            what: ``postmaster``, ``all``, or the process number of a backend of this server.

        Returns:
            The processes that were running before.

        Raises:
            DeclarationError: If the process is none of this server's.
            RigError: If the server does not run.
        """
        return await self._postmaster.freeze(what)

    async def thaw(self, what: Freezable = "all") -> None:
        """Let frozen processes go on; one that is not frozen is left alone."""
        await self._postmaster.thaw(what)

    @asynccontextmanager
    async def stopped(self, mode: StopMode = "fast") -> AsyncIterator[None]:
        """Keep the server shut down; leaving starts it and waits until it lets clients in."""
        async with healing(self._postmaster.come_back, what=f"the server was stopped ({mode})"):
            await self.stop(mode)
            yield

    @asynccontextmanager
    async def crashed(self) -> AsyncIterator[None]:
        """Keep the server dead; leaving starts it and waits for its recovery."""
        async with healing(self._postmaster.come_back, what="the server was crashed"):
            await self.crash()
            yield

    @asynccontextmanager
    async def frozen(self, what: Freezable) -> AsyncIterator[None]:
        """Keep processes frozen; leaving thaws those that this guard froze, and no others."""
        thaw = partial(self._postmaster.thaw_all_but, self._postmaster.frozen)
        async with healing(thaw, what=f"{what} was frozen"):
            await self.freeze(what)
            yield

    @asynccontextmanager
    async def setting(self, name: str, value: str) -> AsyncIterator[None]:
        """
        Change a setting of the whole server with ``ALTER SYSTEM``; leaving puts back what ``postgresql.auto.conf`` said before.

        A setting that only a restart can change is changed by a fast restart, there and back, which ends all sessions.

        Args:
            name: The setting.
            value: As in ``postgresql.conf``, without quotes.

        Raises:
            DeclarationError: If there is no such setting, or it cannot be changed so; nothing was changed.
            InjectionError: If it did not take effect, or could not be put back.
        """
        change = await plan_change(self.control_dsn(), name, value)
        async with healing(partial(self._restore, change, self._system_settings.read_text()), what=f"{name} was set to {value!r}"):
            await alter_system(self.control_dsn(), change, change.apply)
            if change.needs_restart:
                await self.restart()
            await check_in_force(self.control_dsn(), change)
            yield

    async def terminate_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """End client sessions; see ``sessions.terminate_backends``."""
        return await sessions.terminate_backends(self.control_dsn(), pids=pids, database=database)

    async def cancel_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """Cancel what client sessions do; see ``sessions.cancel_backends``."""
        return await sessions.cancel_backends(self.control_dsn(), pids=pids, database=database)

    async def create_template(self, name: str, scripts: Sequence[str], *, owner: str = APPLICATION_ROLE) -> None:
        """Make a database to copy from, each script run by its owner; see ``databases.create_template``."""
        await databases.create_template(self.control_dsn(), name=name, scripts=scripts, owner=owner, lease=self._keeper.lease)

    async def clone(self, template: str, name: str) -> None:
        """Copy a template; see ``databases.clone``."""
        await databases.clone(self.control_dsn(), template=template, name=name, lease=self._keeper.lease)

    async def drop(self, name: str) -> None:
        """Drop a database of ours, ending the sessions in it; see ``databases.drop``."""
        await databases.drop(self.control_dsn(), name=name)

    async def provide_database(self, name: str, scripts: Sequence[str]) -> str:
        """Return a new database of that name; what the scripts make is made once, and copied from then on."""
        key = tuple(scripts)
        if key not in self._templates:
            template = f"template_{len(self._templates) + 1}_{self._keeper.lease}"
            await self.create_template(template, scripts)
            self._templates[key] = template
        await self.clone(self._templates[key], name)
        return name

    async def discard_database(self, name: str) -> None:
        """Drop it."""
        await self.drop(name)

    def _spawn(self) -> Child:
        options = [f"--{name}={value}" for name, value in self._fixed_settings().items()]
        return self._keeper.spawn(
            [self._binaries.bin / "postgres", "-D", self.data, *options],
            name="postgres",
            log=self.log,
            env=server_environment(self._binaries),
            cwd=self.data,
            uid=self._account.spawn_uid,
            gid=self._account.spawn_gid,
            inside=self._inside,
        )

    def _fixed_settings(self) -> dict[str, str]:
        everywhere = {} if self._inside is None else {"listen_addresses": "*"}
        tls = TLS_SETTINGS if self.root_certificate else {}
        return command_line_settings(self.port, self.socket_directory) | everywhere | tls

    async def _lets_in(self) -> bool:
        try:
            await fetch(self.control_dsn(), "SELECT 1", within=_POLL_DEADLINE)
        except RigError:
            return False
        return True

    async def _restore(self, change: SettingChange, before: str) -> None:
        """Put a setting back without asking the server, which may let nobody in because of it, or may not have started with it."""
        now = self._system_settings.read_text()
        if now == before and self.is_running and await self._lets_in():
            return
        self._system_settings.write_text(put_back(now, before, change.name))
        if change.needs_restart:
            if self.is_running:
                await self.stop("fast")
            await self.start()
        elif self.is_running:
            since_wall_s = time.time()
            self._postmaster.reread()
            reloaded = partial(is_reloaded, self.control_dsn(), since_wall_s)
            _: bool = await wait_until(reloaded, within=RELOAD_DEADLINE, what=f"the server's taking {change.name} back")


def _socket_directory(keeper: Keeper, directory: Path, account: Account) -> Path:
    """Beside the data if the path is short enough for a socket, else in the shortest place there is."""
    sockets = directory / "s"
    if len(os.fsencode(sockets / ".s.PGSQL.65535")) > SOCKET_PATH_BYTES_MAX:
        sockets = Path(tempfile.mkdtemp(prefix="fraiseql-chaos-", dir="/tmp"))
        keeper.protect(RemoveTree(str(sockets)))
    else:
        sockets.mkdir(mode=0o700)
    os.chown(sockets, account.uid, account.gid)
    return sockets
