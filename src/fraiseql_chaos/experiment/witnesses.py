"""
Who looks at what in an experiment: for each witness that a fault names, the probe that plays it on a deployment.

A fault names its witnesses and knows nothing of where its service is; a probe knows how to look and nothing of faults. Here they meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fraiseql_chaos.errors import CapabilityError, InternalError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.plan import Plan
from fraiseql_chaos.probes import (
    EdgeAnswer,
    EdgeConnect,
    EdgeFarewell,
    EdgeGreeting,
    EdgeIdle,
    EdgeLogin,
    EdgeRoundTrip,
    EdgeTransfer,
    LinkKernels,
    Probe,
    ServerProcesses,
    ServerSessions,
    ServiceMemory,
    ServicePath,
    ServicePool,
    ServiceReady,
)

__all__ = ["probes_of"]

_WITHOUT_PROBE: Final = frozenset({"service_ready", "service_pool", "server_log", "link_capture"})
"""Witnesses that need no probe here: the first two always look, the others are read afterwards, from the server's log and from a capture."""

_OUTSIDE: Final = "edge_"
"""How the witnesses are called that are clients of this machine's own network, from which nobody reaches a proxy in a network of the service's."""


def probes_of(plan: Plan, deployment: Deployment) -> tuple[Probe, ...]:
    """
    Return the witnesses that the faults name, and of the others only the three that every run has: each look costs the rig something.

    Raises:
        CapabilityError: If a witness could not reach what it shall look at.
        InternalError: If a fault names a witness that nobody plays: its silence would be taken for a fault that did not bite.
    """
    wanted = {witness for planned in plan.faults for witness in planned.declaration.fault.witnesses}
    makers: dict[str, Callable[[], Probe]] = {
        "edge_answer": lambda: EdgeAnswer(deployment.database_url),
        "edge_connect": lambda: EdgeConnect(deployment.way.address.host, deployment.way.address.port),
        "edge_farewell": lambda: EdgeFarewell(deployment.way.address.host, deployment.way.address.port),
        "edge_greeting": lambda: EdgeGreeting(deployment.way.address.host, deployment.way.address.port),
        "edge_idle": lambda: EdgeIdle(deployment.way.address.host, deployment.way.address.port),
        "edge_login": lambda: EdgeLogin(deployment.way.address.host, deployment.way.address.port, user=deployment.user, database=deployment.database),
        "edge_round_trip": lambda: EdgeRoundTrip(deployment.database_url),
        "edge_transfer": lambda: EdgeTransfer(deployment.database_url),
        "server_processes": lambda: ServerProcesses(deployment.server.leader),
        "server_sessions": lambda: ServerSessions(deployment.server.control_dsn(), deployment.database),
        "service_path": lambda: ServicePath(deployment.service.child.pid, edge_port=deployment.way.address.port, server_port=_around(deployment)),
        "link_kernels": lambda: _kernels(deployment),
    }
    if deployment.way.inside is not None and (outside := sorted(name for name in wanted if name.startswith(_OUTSIDE))):
        raise CapabilityError(
            f"{', '.join(outside)} cannot reach a proxy in the service's own network, so nobody could bear witness; take edge=stream; nothing was armed"
        )
    if unknown := wanted - makers.keys() - _WITHOUT_PROBE:
        raise InternalError(f"no probe is called {', '.join(map(repr, sorted(unknown)))}, which a fault names as its witness; nothing was armed")
    ready = ServiceReady(deployment.service.url, unix_socket=deployment.service.unix_socket)
    always = (ready, ServiceMemory(deployment.service.child.pid), ServicePool(deployment.service.observer))
    return (*always, *(make() for name, make in makers.items() if name in wanted))


def _around(deployment: Deployment) -> int | None:
    """Return the server's own port, where connections to it would pass around what faults are armed on; over a link alone there is no way around."""
    return None if deployment.way.proxy is None else deployment.server.port


def _kernels(deployment: Deployment) -> LinkKernels:
    link = deployment.way.link
    if link is None:
        raise InternalError("the kernels at the ends of a link were to be asked, and there is no link; nothing was armed")
    return LinkKernels(near=deployment.service.child.pid, far=link.forwarder.pid)
