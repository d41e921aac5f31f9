"""
Keeper, network and server: started once, shared by every deployment, and the composition root of the world that faults act on.

Starting order is keeper, network, server, database, way, service; everything ends in the opposite order, and if nobody is left to end it,
the keeper does.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from fraiseql_chaos.errors import ChaosError, DeclarationError, RigError
from fraiseql_chaos.experiment.application import Application
from fraiseql_chaos.experiment.deployment import Deployment, target_of
from fraiseql_chaos.experiment.network import MTU, Network, Reading, Way, start_network
from fraiseql_chaos.layers.packet.ends import Mechanism
from fraiseql_chaos.plan import EdgeKind
from fraiseql_chaos.rig.keeper import Child, Keeper
from fraiseql_chaos.rig.postgres.binaries import Binaries, find_binaries
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.dsn import parse_dsn, to_uri
from fraiseql_chaos.rig.postgres.foreign import ForeignServer
from fraiseql_chaos.rig.postgres.server import Server
from fraiseql_chaos.rig.service import Service
from fraiseql_chaos.workload.check import verify_operations
from fraiseql_chaos.workload.crowd import Crowd

__all__ = ["Rig", "RigSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSettings:
    """
    What a rig is made of.

    Args:
        seed: Where the dice of the edges derive from.
        application: The service to test; None for the reference service, in the variant asked for.
        python: The interpreter that runs the service: the one of the FraiseQL release under test.
        postgres: Which PostgreSQL: its major version, or the directory of its programs; None for the newest this machine has.
        dsn: A server of the user's instead of our own.
        own_database: The user says that experiments on the database of ``dsn`` are fine although it is not marked disposable.
        edge: What the way to the database is made of: a proxy, a packet link, or both.
        mtu: The largest packet of a link, in bytes.
        link: Who carries the packets of a link; None for whoever can, see ``choose_mechanism``.
        ipv6: Whether the service reaches its server over the link's IPv6 address.
        edge_tls: Whether TLS ends at the database edge: the service connects with ``sslmode=verify-full`` to an edge that the rig vouches for. Otherwise
            it connects as the DSN says, and what it encrypts passes the edge unread.
        server_tls: Whether a server of ours speaks TLS; the service then insists on it.
        logs: Where the services' logs are kept; None to lose them with the rig.

    Raises:
        DeclarationError: If two of these exclude each other.
    """

    seed: int
    application: Application | None = None
    python: Path = Path(sys.executable)
    postgres: int | Path | None = None
    dsn: str | None = None
    own_database: bool = False
    edge: EdgeKind = "stream"
    mtu: int = MTU
    link: Mechanism | None = None
    ipv6: bool = False
    edge_tls: bool = False
    server_tls: bool = False
    logs: Path | None = None

    def __post_init__(self) -> None:
        if self.dsn is not None and self.edge != "stream":
            raise DeclarationError(f"edge={self.edge} needs a server of our own: yours cannot be moved to the far end of a link; nothing was started")
        if self.dsn is not None and self.server_tls:
            raise DeclarationError(
                "server_tls is for a server of our own; with yours the DSN says whether TLS is spoken (sslmode); nothing was started"
            )
        if self.ipv6 and self.edge == "stream":
            raise DeclarationError("ipv6 is for a link, and edge=stream has none; take edge=packets; nothing was started")
        if self.edge == "packets" and self.edge_tls:
            raise DeclarationError("edge_tls needs a proxy for TLS to end at, and edge=packets has none; take edge=both; nothing was started")


class Rig:
    """
    Keeper, network and server; make one with ``Rig.start``.

    Attributes:
        keeper: Who owns everything.
        server: The PostgreSQL of the rig.
        is_closed: Whether it has been ended.
    """

    def __init__(self, settings: RigSettings, keeper: Keeper, network: Network, server: Server) -> None:
        self.keeper = keeper
        self.server = server
        self.network = network
        self.is_closed = False
        self._settings = settings
        self._known: dict[str, Application] = {}
        self._ordinals = itertools.count(1)

    @classmethod
    async def start(cls, settings: RigSettings) -> Self:
        """
        Start the parts that all deployments share.

        Raises:
            CapabilityError: If there is no PostgreSQL of the major that was asked for, or this machine cannot make links.
            RigError: If a part does not come up.
        """
        keeper, network = await asyncio.to_thread(Keeper.start), None
        try:
            network = await start_network(settings.edge, keeper, mtu=settings.mtu, link=settings.link, ipv6=settings.ipv6)
            server: Server
            if settings.dsn is None:
                server = await Cluster.create(keeper, binaries=_binaries(settings.postgres), inside=network.for_server, tls=settings.server_tls)
            else:
                server = await ForeignServer.connect(settings.dsn, keeper=keeper, i_own_this_database=settings.own_database)
        except (ChaosError, OSError) as error:
            lost = None if network is None else _ended(keeper, network.parts())
            keeper.close()
            if lost is not None:  # What follows from that, as a server that finds no network, would only mislead.
                raise RigError(f"{lost}; no server was started") from error
            raise
        except BaseException:
            keeper.close()
            raise
        return cls(settings, keeper, network, server)

    async def close(self) -> None:
        """End everything; the keeper removes what is left."""
        self.is_closed = True
        try:
            await self.server.close()
        finally:
            await asyncio.to_thread(self.keeper.close)

    def lost(self, *, server_taken: bool = False, others: Sequence[Child] = ()) -> str | None:
        """
        Tell which part of the rig has ended although nobody asked for it; None if all of them live.

        A server of the user's is not watched: its processes are none of ours.

        Args:
            server_taken: Whether a fault keeps the server away just now.
            others: Processes that belong to it for the time being.
        """
        if (lost := _ended(self.keeper, (*self.network.parts(), *others))) is not None:
            return lost
        end = None if server_taken else self.server.ended()
        return None if end is None else f"the PostgreSQL server ended although no fault asked for it; {end}"

    async def deploy(self, variant: str | None = None) -> Deployment:
        """
        Start a service, and see that it answers every question of its workload rightly.

        Args:
            variant: Which reference service; only where no other application was given.

        Raises:
            DeclarationError: If there is no such variant, or the service refuses an operation.
            ServiceError: If it does not start.
            RigError: If a part of the rig has ended.
        """
        try:
            return await self._deploy(variant)
        except (ChaosError, OSError) as error:
            if (lost := self.lost()) is not None:
                raise RigError(f"{lost}; no service was started") from error
            raise

    async def _deploy(self, variant: str | None) -> Deployment:
        application = self._settings.application or Application.reference(variant or "stock")
        name = f"{self.keeper.lease}_{next(self._ordinals)}"
        directory = self.keeper.directory / name
        directory.mkdir()
        database = await self.server.provide_database(f"chaos_{name}", application.scripts())
        way = await self.network.lay(name, self.server, directory=directory, seed=self._settings.seed, reading=self._reading(database))
        url = self._url(database, way, directory)
        service = await Service.start(
            self.keeper,
            python=self._settings.python,
            app=application.app,
            app_dir=application.app_dir,
            database_url=url,
            env=application.env,
            directory=directory if self._settings.logs is None else self._settings.logs / name,
            inside=way.inside,
            unix_socket=None if way.inside is None else directory / "http.sock",
            observer=directory / "pool.sock",
        )
        deployment = Deployment(
            rig=self,
            keeper=self.keeper,
            server=self.server,
            way=way,
            database=database,
            database_url=url,
            service=service,
            application=application,
            directory=directory,
            crowd=Crowd(target_of(service), (*application.workload.operations, *application.workload.apart)),
        )
        return replace(deployment, application=await self._verified(deployment))

    def _reading(self, database: str) -> Reading:
        """Return what a proxy reads, and whether TLS ends there, on one side or on both."""
        if not self._settings.edge_tls:
            return "postgresql"
        must_encrypt = parse_dsn(self.server.dsn(database)).get("sslmode", "prefer") in {"require", "verify-ca", "verify-full"}
        return "postgresql-tls-both" if must_encrypt else "postgresql-tls"

    def _url(self, database: str, way: Way, directory: Path) -> str:
        """Return what the service is told to connect to."""
        url = self.server.dsn(database, via=(way.address.host, way.address.port))
        if not self._settings.edge_tls or way.proxy is None:
            return url
        root = directory / "edge.crt"
        root.write_text(way.proxy.certificate(), encoding="ascii")
        return to_uri(parse_dsn(url) | {"sslmode": "verify-full", "sslrootcert": str(root)})

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


def _ended(keeper: Keeper, parts: Iterable[Child]) -> str | None:
    """Tell which of these processes has ended; None if all of them live."""
    for part in parts:
        if (status := keeper.exit_status(part)) is not None:
            return f"the {part.name} ended (status {status}) although nobody asked for it"
    return None


def _binaries(wanted: int | Path | None) -> Binaries:
    return find_binaries(bin_directory=wanted) if isinstance(wanted, Path) else find_binaries(wanted)
