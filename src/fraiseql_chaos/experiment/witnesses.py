"""
Who looks at what in an experiment: for each witness that a fault names, the probe that plays it on a deployment.

A fault names its witnesses and knows nothing of where its service is; a probe knows how to look and nothing of faults. Here they meet. Those that are
clients of the edge look from where the service is: from this process, or from one of their own in the service's network.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.errors import InternalError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.history import Sample
from fraiseql_chaos.plan import Plan
from fraiseql_chaos.probes import (
    CLIENTS,
    Edge,
    LinkKernels,
    Probe,
    ServerProcesses,
    ServerSessions,
    ServiceMemory,
    ServicePath,
    ServicePool,
    ServiceReady,
    clients,
    sampling,
)
from fraiseql_chaos.probes.inside import InsideProbes
from fraiseql_chaos.rig.keeper import Child

__all__ = ["Witnesses", "clients_of", "probes_of", "witnessing"]

_WITHOUT_PROBE: Final = frozenset({"service_ready", "service_pool", "server_log", "link_capture"})
"""Witnesses that need no probe here: the first two always look, the others are read afterwards, from the server's log and from a capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """
    All who look in one experiment, ready to. Get them with ``witnessing``.

    Attributes:
        here: Those that look from this process.
        inside: Those that look from the service's network; None if nobody has to.
    """

    here: tuple[Probe, ...]
    inside: InsideProbes | None = None

    def parts(self) -> tuple[Child, ...]:
        """Return the processes without which somebody would be silent."""
        return () if self.inside is None else (self.inside.process,)

    @asynccontextmanager
    async def looking(self, sink: Callable[[Sample], None]) -> AsyncIterator[None]:
        """
        Let all of them look until the block ends.

        Args:
            sink: Receives every sample; see ``probes.sampling``.

        Raises:
            RigError: In a group, if those inside are lost.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(sampling(self.here, sink))
            if self.inside is not None:
                await stack.enter_async_context(self.inside.sampling(sink))
            yield


@asynccontextmanager
async def witnessing(plan: Plan, deployment: Deployment) -> AsyncIterator[Witnesses]:
    """
    Hold the witnesses that the faults name, and of the others only the three that every run has: each look costs the rig something.

    Raises:
        InternalError: If a fault names a witness that nobody plays: its silence would be taken for a fault that did not bite.
        RigError: If the process of those inside does not come up.
    """
    here, names = probes_of(plan, deployment), clients_of(plan)
    inside = deployment.way.inside
    if inside is None or not names:
        yield Witnesses(here=(*here, *clients(names, _edge(deployment))))
        return
    with _server_kernel(deployment) as kernel:
        ensemble = await InsideProbes.start(deployment.keeper, inside=inside, edge=_edge(deployment, kernel), names=names)
    try:
        yield Witnesses(here=here, inside=ensemble)
    finally:
        ensemble.close()


def clients_of(plan: Plan) -> Sequence[str]:
    """Return which clients of the edge the faults name."""
    return sorted(_wanted(plan) & CLIENTS.keys())


def probes_of(plan: Plan, deployment: Deployment) -> tuple[Probe, ...]:
    """
    Return all witnesses but the clients of the edge; they look from this process, wherever the service is.

    Raises:
        InternalError: If a fault names a witness that nobody plays.
    """
    wanted = _wanted(plan)
    makers: dict[str, Callable[[], Probe]] = {
        "server_processes": lambda: ServerProcesses(deployment.server.leader),
        "server_sessions": lambda: ServerSessions(deployment.server.control_dsn(), deployment.database),
        "service_path": lambda: ServicePath(deployment.service.child.pid, edge_port=deployment.way.address.port, server_port=_around(deployment)),
        "link_kernels": lambda: _kernels(deployment),
    }
    if unknown := wanted - makers.keys() - CLIENTS.keys() - _WITHOUT_PROBE:
        raise InternalError(f"no probe is called {', '.join(map(repr, sorted(unknown)))}, which a fault names as its witness; nothing was armed")
    ready = ServiceReady(deployment.service.url, unix_socket=deployment.service.unix_socket)
    always = (ready, ServiceMemory(deployment.service.child.pid), ServicePool(deployment.service.observer))
    return (*always, *(make() for name, make in makers.items() if name in wanted))


def _wanted(plan: Plan) -> set[str]:
    return {witness for planned in plan.faults for witness in planned.declaration.fault.witnesses}


def _edge(deployment: Deployment, server_kernel: socket.socket | None = None) -> Edge:
    address = deployment.way.address
    return Edge(
        host=address.host,
        port=address.port,
        user=deployment.user,
        database=deployment.database,
        dsn=deployment.database_url,
        server_kernel=server_kernel,
    )


def _server_kernel(deployment: Deployment) -> socket.socket:
    """Return what asks the kernel at the far end of the link about the server's sockets."""
    link = deployment.way.link
    assert link is not None, "a service lives in another network only where a link leads out of it"
    return link.control.socket(link.name, "far", family=socket.AF_NETLINK, kind=socket.SOCK_DGRAM)


def _around(deployment: Deployment) -> int | None:
    """Return the server's own port, where connections to it would pass around what faults are armed on; over a link alone there is no way around."""
    return None if deployment.way.proxy is None else deployment.server.port


def _kernels(deployment: Deployment) -> LinkKernels:
    link = deployment.way.link
    if link is None:
        raise InternalError("the kernels at the ends of a link were to be asked, and there is no link; nothing was armed")
    return LinkKernels(near=deployment.service.child.pid, far=link.forwarder.pid)
