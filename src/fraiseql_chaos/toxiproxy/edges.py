"""What the API needs of the stream layer's edges, as roles: whoever opens edges in this process can be driven by it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.stream.model import Address, StreamFault, TcpAddress, UnixAddress
from fraiseql_chaos.toxiproxy.go_net import AddressError, Listen, port_number, split_host_port

__all__ = ["NOWHERE", "Edge", "OpenEdge", "upstream_address"]

NOWHERE: Final = UnixAddress(path=Path("/dev/null/nobody"))
"""
Where an upstream leads that is no address. Toxiproxy takes it all the same and fails each connection; a socket below a file cannot be, so the
kernel refuses at once and nobody is asked for a name that is none.
"""


class Edge(Protocol):
    """An edge; what its methods owe is said at ``layers.stream.driver.edge``."""

    upstream: Address

    @property
    def address(self) -> TcpAddress: ...  # noqa: D102  see above, and for all that follow

    def arm(self, fault_id: str, fault: StreamFault, *, name: str | None = None) -> None: ...  # noqa: D102

    def replace(self, fault_id: str, fault: StreamFault) -> None: ...  # noqa: D102

    def heal(self, fault_id: str) -> None: ...  # noqa: D102

    def enable(self) -> None: ...  # noqa: D102

    def disable(self) -> None: ...  # noqa: D102

    def ledger(self) -> Ledger: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


class OpenEdge(Protocol):
    """Opens an edge for a proxy."""

    def __call__(self, name: str, listen: Listen, upstream: Address) -> Edge:
        """
        Open an edge.

        Args:
            name: The proxy's name, from which its dice derive.
            listen: Where to listen.
            upstream: Where its connections lead.

        Raises:
            OSError: If it cannot listen there.
        """
        ...


def upstream_address(upstream: str) -> Address:
    """Return where connections to an upstream lead; without a host, to this machine; to nowhere if it is no address."""
    try:
        host, port = split_host_port(upstream)
        number = port_number(port)
    except AddressError:
        return NOWHERE
    return TcpAddress(host=host or "127.0.0.1", port=number) if number else NOWHERE
