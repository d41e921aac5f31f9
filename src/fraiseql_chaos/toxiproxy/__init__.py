"""
Toxiproxy's HTTP API: a server over our stream layer, and a client for any Toxiproxy.

    go_json, go_types, go_net      JSON and addresses as Go reads and writes them, with its words for what is wrong
    model, bodies, config          proxies and toxics as values, and what clients and files say, read into them
    quirks, mapping, semantics     what a toxic does, as faults of ours
    compat_toxics, compat          what Toxiproxy's own did
    edges, proxy, proxies          what there is, and what follows from a change of it
    api, metrics                   a request in, an answer out
    driver                         the socket, and the process
    orders, client                 the other way round: our faults on a Toxiproxy elsewhere
"""

from __future__ import annotations

from fraiseql_chaos.toxiproxy.client import RemoteProxy, Toxiproxy

__all__ = ["RemoteProxy", "Toxiproxy"]
