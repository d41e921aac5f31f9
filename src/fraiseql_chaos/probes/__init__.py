"""Looks at the world while faults are armed: independent of the injector, bounded, and never judging."""

from __future__ import annotations

from fraiseql_chaos.probes.answer import EdgeAnswer
from fraiseql_chaos.probes.clients import CLIENTS, Edge, clients
from fraiseql_chaos.probes.edge import EdgeConnect, EdgeRoundTrip
from fraiseql_chaos.probes.greeting import EdgeFarewell, EdgeGreeting, EdgeIdle
from fraiseql_chaos.probes.kernels import LinkKernels
from fraiseql_chaos.probes.login import EdgeLogin
from fraiseql_chaos.probes.memory import ServiceMemory
from fraiseql_chaos.probes.model import Look, Probe, sampling
from fraiseql_chaos.probes.pool import ServicePool
from fraiseql_chaos.probes.server import ServerSessions
from fraiseql_chaos.probes.service import ServicePath, ServiceReady, connections_to
from fraiseql_chaos.probes.states import ServerProcesses
from fraiseql_chaos.probes.transfer import EdgeTransfer

__all__ = [
    "CLIENTS",
    "Edge",
    "EdgeAnswer",
    "EdgeConnect",
    "EdgeFarewell",
    "EdgeGreeting",
    "EdgeIdle",
    "EdgeLogin",
    "EdgeRoundTrip",
    "EdgeTransfer",
    "LinkKernels",
    "Look",
    "Probe",
    "ServerProcesses",
    "ServerSessions",
    "ServiceMemory",
    "ServicePath",
    "ServicePool",
    "ServiceReady",
    "clients",
    "connections_to",
    "sampling",
]
