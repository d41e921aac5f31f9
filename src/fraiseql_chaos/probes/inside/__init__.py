"""
Clients of an edge that nobody outside a network can reach.

    runner                        near network
    sampling  <-- Unix socket --  clients --TCP--> proxy --TCP--- link --> PostgreSQL
                                  service --TCP--^

A proxy that stands in the service's own network is reached from there only. So those who bear witness to what it does live there too, in a process of
their own; everything else is as it is outside: the same probes, the same pace, the same machine's clock, and each look on its way to the runner when it
was taken.
"""

from __future__ import annotations

from fraiseql_chaos.probes.inside.ensemble import InsideProbes

__all__ = ["InsideProbes"]
