"""
The page /metrics, in Prometheus' text format (version 0.0.4): how many bytes arrived at each proxy and left it.

Toxiproxy counts a connection's bytes when it ends; here they count as they pass, so that a pool of long-lived connections shows, too. A
counter begins again when its proxy is bound anew, which Prometheus takes for a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fraiseql_chaos.layers.stream.ledger import Ledger, Traffic
from fraiseql_chaos.toxiproxy.proxy import Proxy

__all__ = ["METRICS_CONTENT_TYPE", "metrics_text"]

METRICS_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(proxies: Iterable[Proxy]) -> str:
    """Return the page; a proxy that nobody has connected to is not on it."""
    used = [(proxy, ledger) for proxy in proxies if (ledger := proxy.ledger) is not None and ledger.connections_opened]
    lines: list[str] = []
    for what in ("received", "sent"):
        name = f"toxiproxy_proxy_{what}_bytes_total"
        lines += [f"# HELP {name} ", f"# TYPE {name} counter"] if used else []
        lines += [
            f'{name}{{direction="{stream}",listener="{_label(proxy.listen)}",proxy="{_label(proxy.name)}",upstream="{_label(proxy.upstream)}"}} '
            f"{_bytes(ledger, stream, what)}"
            for proxy, ledger in used
            for stream in ("downstream", "upstream")
        ]
    return "".join(f"{line}\n" for line in lines)


def _bytes(ledger: Ledger, stream: str, what: str) -> int:
    traffic = ledger.up if stream == "upstream" else ledger.down
    return traffic.bytes if what == "received" else _sent(traffic)


def _sent(traffic: Traffic) -> int:
    return traffic.bytes + traffic.added_bytes - traffic.held_bytes - traffic.dropped_bytes


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
