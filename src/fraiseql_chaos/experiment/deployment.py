"""
A rig, and what runs on it: the composition root of the world that faults act on.

    Rig          keeper, server, edge proxy: started once, shared
    Deployment   one service with an edge and a database of its own: what one experiment breaks no other inherits

Starting order is keeper, server, proxy, database, edge, service; everything ends in the opposite order, and if nobody is left to end it,
the keeper does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from fraiseql_chaos import reference
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.stream.model import Address, TcpAddress, UnixAddress
from fraiseql_chaos.rig.keeper import Child, Keeper
from fraiseql_chaos.rig.postgres.binaries import find_binaries
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.foreign import ForeignServer
from fraiseql_chaos.rig.postgres.server_log import wall_offset_ns
from fraiseql_chaos.rig.service import Service
from fraiseql_chaos.workload import Target
from fraiseql_chaos.workload.check import verify_operations
from fraiseql_chaos.workload.file import Workload

__all__ = ["VARIANTS", "Application", "Deployment", "Rig", "RigSettings"]

VARIANTS: Final[Mapping[str, str]] = MappingProxyType({"stock": reference.STOCK, "hardened": reference.HARDENED})
"""The reference service, as documented and with every remedy that is configuration."""

_ALARMS: Final = frozenset({"ERROR", "FATAL", "PANIC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """
    The service to test.

    Args:
        app: ``module:attribute`` of an ASGI application.
        app_dir: What is put first on its interpreter's path; None if it is installed there.
        sql: Makes an empty database the one it needs; None if the database has everything.
        workload: What to ask of it.
        env: What else its environment says.
    """

    app: str
    app_dir: Path | None
    sql: Path | None
    workload: Workload
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        module, _, attribute = self.app.partition(":")
        if not module or not attribute:
            raise DeclarationError(f"app {self.app!r}: write module:attribute, as in myservice.main:app; nothing was started")

    @classmethod
    def reference(cls, variant: str) -> Application:
        """
        Return a variant of the bundled reference service.

        Raises:
            DeclarationError: If there is no such variant.
        """
        if variant not in VARIANTS:
            raise DeclarationError(f"there is no reference service {variant!r}; there are {', '.join(VARIANTS)}; nothing was started")
        workload = Workload(operations=reference.OPERATIONS, weights=(1,) * len(reference.OPERATIONS), unanswered=())
        return cls(app=VARIANTS[variant], app_dir=reference.SERVICE_DIRECTORY, sql=reference.SCHEMA_SQL, workload=workload)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSettings:
    """
    What a rig is made of.

    Args:
        seed: Where the dice of the edges derive from.
        application: The service to test; None for the reference service, in the variant asked for.
        python: The interpreter that runs the service: the one of the FraiseQL release under test.
        postgres_major: Which PostgreSQL; None for the newest this machine has.
        dsn: A server of the user's instead of our own.
        own_database: The user says that experiments on the database of ``dsn`` are fine although it is not marked disposable.
        logs: Where the services' logs are kept; None to lose them with the rig.
    """

    seed: int
    application: Application | None = None
    python: Path = Path(sys.executable)
    postgres_major: int | None = None
    dsn: str | None = None
    own_database: bool = False
    logs: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """
    One service with an edge and a database of its own.

    Attributes:
        rig: What it stands on.
        keeper: Who owns the processes.
        server: The PostgreSQL behind the edge.
        edges: Commands the edge proxy.
        edge: The name of the database edge within the proxy.
        address: Where the edge listens.
        database: The database's name.
        database_url: Through the edge: what the service was told.
        service: The service's process.
        application: What it runs, and what it can be asked.
        directory: Everything temporary of the deployment.
    """

    rig: Rig
    keeper: Keeper
    server: Cluster | ForeignServer
    edges: EdgeControl
    edge: str
    address: TcpAddress
    database: str
    database_url: str
    service: Service
    application: Application
    directory: Path

    @property
    def target(self) -> Target:
        """Where a load sends its requests."""
        return Target(url=f"{self.service.url}/graphql")

    def describe(self) -> JsonObject:
        """Return what is under test, for the head of a history."""
        return {
            "app": self.application.app,
            **{name: self.service.versions[name] for name in sorted(self.service.versions) if name != "executable"},
            "postgresql": self.server.version,
        }

    def ledger(self) -> Ledger:
        """Return what has passed the edge so far, by the proxy's own word."""
        return self.edges.ledger(self.edge)

    def log_position(self) -> int | None:
        """Return how far the server's log is written; None if its log is not ours to read."""
        return self.server.server_log.end() if isinstance(self.server, Cluster) else None

    def log_since(self, position: int | None) -> Iterator[Sample]:
        """Yield what the server has logged since, on the machine's monotonic clock."""
        if position is None or not isinstance(self.server, Cluster):
            return
        offset_ns = wall_offset_ns()
        for record in self.server.server_log.since(position)[0]:
            at_ns = record.monotonic_ns(offset_ns)
            value: JsonObject = {"message": record.message, "severity": record.severity, "sqlstate": record.sqlstate, "pid": record.pid}
            yield Sample(probe="server_log", began_ns=at_ns, at_ns=at_ns, ok=record.severity not in _ALARMS, value=value)

    async def close(self) -> None:
        """End the service, give the edge's port back, and drop the database if it is ours; with a rig that was closed all of it went already."""
        if self.rig.is_closed:
            return
        try:
            await self.service.terminate()
        finally:
            self.edges.close_edge(self.edge)
            if isinstance(self.server, Cluster):
                await self.server.drop(self.database)
            shutil.rmtree(self.directory)


class Rig:
    """
    Keeper, server and edge proxy; make one with ``Rig.start``.

    Attributes:
        keeper: Who owns everything.
        server: The PostgreSQL of the rig.
        is_closed: Whether it has been ended.
    """

    def __init__(self, settings: RigSettings, keeper: Keeper, server: Cluster | ForeignServer, proxy: Child, edges: EdgeControl) -> None:
        self.keeper = keeper
        self.server = server
        self.is_closed = False
        self._settings = settings
        self._proxy = proxy
        self._edges = edges
        self._templates: dict[str, str] = {}
        self._known: dict[str, Application] = {}
        self._ordinals = itertools.count(1)

    @classmethod
    async def start(cls, settings: RigSettings) -> Self:
        """
        Start the parts that all deployments share.

        Raises:
            CapabilityError: If there is no PostgreSQL of the major that was asked for.
            RigError: If a part does not come up.
        """
        keeper = await asyncio.to_thread(Keeper.start)
        try:
            if settings.dsn is None:
                server: Cluster | ForeignServer = await Cluster.create(keeper, binaries=find_binaries(settings.postgres_major))
            else:
                server = await ForeignServer.connect(settings.dsn, keeper=keeper, i_own_this_database=settings.own_database)
            control = keeper.directory / "edges.sock"
            proxy = keeper.spawn(
                [sys.executable, "-m", "fraiseql_chaos.layers.stream.driver", "--control", control],
                name="edge proxy",
                log=keeper.directory / "edges.log",
                env={"PATH": os.defpath},
            )
            edges = EdgeControl(control)
            await asyncio.to_thread(edges.wait_ready)
        except BaseException:
            keeper.close()
            raise
        return cls(settings, keeper, server, proxy, edges)

    async def close(self) -> None:
        """End everything; the keeper removes what is left."""
        self.is_closed = True
        try:
            if isinstance(self.server, Cluster):
                await self.server.close()
        finally:
            await asyncio.to_thread(self.keeper.close)

    def lost(self, *, server_taken: bool = False) -> str | None:
        """
        Tell which part of the rig has ended although nobody asked for it; None if all of them live.

        A server of the user's is not watched: its processes are none of ours.

        Args:
            server_taken: Whether a fault keeps the server away just now.
        """
        status = self.keeper.exit_status(self._proxy)
        if status is not None:
            return f"the edge proxy ended (status {status}) although nobody asked for it"
        if isinstance(self.server, Cluster) and not server_taken and not self.server.is_running:
            return f"the PostgreSQL server ended although no fault asked for it; the end of its log:\n{self.server.server_log.tail()}"
        return None

    async def deploy(self, variant: str | None = None) -> Deployment:
        """
        Start a service, and see that it answers every question of its workload rightly.

        Args:
            variant: Which reference service; only where no other application was given.

        Raises:
            DeclarationError: If there is no such variant, or the service refuses an operation.
            ServiceError: If it does not start.
        """
        application = self._settings.application or Application.reference(variant or "stock")
        name = f"{self.keeper.lease}_{next(self._ordinals)}"
        directory = self.keeper.directory / name
        directory.mkdir()
        database = await self._database(application, name)
        address = self._edges.open(name, upstream=_upstream(self.server), seed=self._settings.seed)
        url = self.server.dsn(database, via=(address.host, address.port))
        service = await Service.start(
            self.keeper,
            python=self._settings.python,
            app=application.app,
            app_dir=application.app_dir,
            database_url=url,
            env=application.env,
            directory=directory if self._settings.logs is None else self._settings.logs / name,
        )
        deployment = Deployment(
            rig=self,
            keeper=self.keeper,
            server=self.server,
            edges=self._edges,
            edge=name,
            address=address,
            database=database,
            database_url=url,
            service=service,
            application=application,
            directory=directory,
        )
        return replace(deployment, application=await self._verified(deployment))

    async def _verified(self, deployment: Deployment) -> Application:
        """
        Ask a case of each question once, in health, so that a broken rig or workload is not taken for a broken service.

        Where cases say nothing of their answer, all are asked the first time, and the healthy answers become their yardstick.
        """
        application = self._known.get(deployment.application.app, deployment.application)
        workload = application.workload
        if workload.unanswered:
            asked = await verify_operations(deployment.target, workload.operations, record=workload.unanswered)
            application = replace(application, workload=replace(workload, operations=asked, unanswered=()))
        else:
            await verify_operations(deployment.target, [replace(o, cases=o.cases[:1]) for o in workload.operations])
        self._known[application.app] = application
        return application

    async def _database(self, application: Application, name: str) -> str:
        """Copy the application's template, making it first if need be; a server of the user's has its database already."""
        if isinstance(self.server, ForeignServer):
            return self.server.database
        template = self._templates.get(application.app)
        if template is None:
            template = f"template_{len(self._templates) + 1}_{self.keeper.lease}"
            scripts = () if application.sql is None else (_script(application.sql),)
            await self.server.create_template(template, scripts)
            self._templates[application.app] = template
        await self.server.clone(template, f"chaos_{name}")
        return f"chaos_{name}"


def _upstream(server: Cluster | ForeignServer) -> Address:
    """Return where an edge connects; libpq's host may be the directory of a Unix socket."""
    if server.host.startswith("/"):
        return UnixAddress(path=Path(server.host) / f".s.PGSQL.{server.port}")
    return TcpAddress(host=server.host, port=server.port)


def _script(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path} cannot be read as SQL: {error}; nothing was started") from error
