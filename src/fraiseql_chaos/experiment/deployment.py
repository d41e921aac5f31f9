"""One service with a way and a database of its own: what one experiment breaks, no other inherits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.conninfo import conninfo_to_dict

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.experiment.application import Application
from fraiseql_chaos.experiment.network import Way
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.ledger import PacketHit, PacketLedger
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.wire.ledger import WireRecord
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.server import Server
from fraiseql_chaos.rig.postgres.server_log import wall_offset_ns
from fraiseql_chaos.rig.service import Service
from fraiseql_chaos.workload import Target
from fraiseql_chaos.workload.crowd import Crowd

if TYPE_CHECKING:
    from fraiseql_chaos.experiment.rig import Rig  # the rig makes deployments, and each knows what it stands on

__all__ = ["Deployment", "Ledgers", "target_of"]

_ALARMS: Final = frozenset({"ERROR", "FATAL", "PANIC"})


def target_of(service: Service) -> Target:
    """Return where a service answers GraphQL requests."""
    return Target(url=f"{service.url}/graphql", unix_socket=service.unix_socket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """
    What lies on a way says of itself at one instant: the injectors' own word.

    Attributes:
        edge: What passed the proxy, and how often each fault of the stream did what; None without a proxy.
        hits: What those did, item by item, as far as it was kept.
        messages: What the faults on messages hit; None without a proxy.
        link: What passed the link, and how often each fault did what; None without a link.
        packets: What those did, packet by packet, as far as it was kept.
    """

    edge: Ledger | None = None
    hits: tuple[Hit, ...] = ()
    messages: WireRecord | None = None
    link: PacketLedger | None = None
    packets: tuple[PacketHit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """
    One service with a way to a database, both of its own.

    Attributes:
        rig: What it stands on.
        keeper: Who owns the processes.
        server: The PostgreSQL at the end of the way.
        way: What lies between the service and its server, and what faults are armed on.
        database: The database's name.
        database_url: What the service was told.
        service: The service's process.
        application: What it runs, and what it can be asked.
        directory: Everything temporary of the deployment.
        crowd: Who may be sent to crowd the service.
    """

    rig: Rig
    keeper: Keeper
    server: Server
    way: Way
    database: str
    database_url: str
    service: Service
    application: Application
    directory: Path
    crowd: Crowd

    @property
    def target(self) -> Target:
        """Where a load sends its requests."""
        return target_of(self.service)

    def describe(self) -> JsonObject:
        """Return what is under test, for the head of a history."""
        return {
            "app": self.application.app,
            **{name: self.service.versions[name] for name in sorted(self.service.versions) if name != "executable"},
            "postgresql": self.server.version,
        }

    @property
    def user(self) -> str:
        """As whom the service logs in to its database."""
        return str(conninfo_to_dict(self.database_url)["user"])

    def ledgers(self) -> Ledgers:
        """Return what has passed on the way so far, by the injectors' own word."""
        proxy, link = self.way.proxy, self.way.link
        ledgers = Ledgers() if proxy is None else Ledgers(edge=proxy.ledger(), hits=proxy.hits(), messages=proxy.record())
        return ledgers if link is None else replace(ledgers, link=link.ledger(), packets=link.hits())

    def log_position(self) -> int | None:
        """Return how far the server's log is written; None if its log is not ours to read."""
        log = self.server.server_log
        return None if log is None else log.end()

    def log_since(self, position: int | None) -> Iterator[Sample]:
        """Yield what the server has logged since, on the machine's monotonic clock."""
        log = self.server.server_log
        if position is None or log is None:
            return
        offset_ns = wall_offset_ns()
        for record in log.since(position)[0]:
            at_ns = record.monotonic_ns(offset_ns)
            value: JsonObject = {"message": record.message, "severity": record.severity, "sqlstate": record.sqlstate, "pid": record.pid}
            yield Sample(probe="server_log", began_ns=at_ns, at_ns=at_ns, ok=record.severity not in _ALARMS, value=value)

    async def close(self) -> None:
        """End the service, take its way up, and drop the database if it is ours; with a rig that was closed all of it went already."""
        if self.rig.is_closed:
            return
        try:
            await self.service.terminate()
        finally:
            await self.rig.network.take_up(self.way)
            await self.server.discard_database(self.database)
            shutil.rmtree(self.directory)
