"""Where an upstream leads, and that the stream layer's edge plays the role that is asked for here."""

from __future__ import annotations

import pytest

from fraiseql_chaos.layers.stream.driver.edge import Edge as StreamEdge
from fraiseql_chaos.layers.stream.model import Address, TcpAddress
from fraiseql_chaos.toxiproxy.edges import NOWHERE, Edge, upstream_address


@pytest.mark.parametrize(
    ("upstream", "address"),
    [
        ("127.0.0.1:5432", TcpAddress(host="127.0.0.1", port=5432)),
        ("localhost:5432", TcpAddress(host="localhost", port=5432)),
        (":5432", TcpAddress(host="127.0.0.1", port=5432)),
        ("[::1]:5432", TcpAddress(host="::1", port=5432)),
        ("nonsense", NOWHERE),
        ("", NOWHERE),
        ("127.0.0.1:0", NOWHERE),
        ("127.0.0.1:99999", NOWHERE),
    ],
)
def test_an_upstream_that_is_no_address_leads_nowhere(upstream: str, address: Address) -> None:
    assert upstream_address(upstream) == address


def test_an_edge_of_the_stream_layer_plays_the_role() -> None:
    """The checker of types proves it; this line is what it looks at."""
    edges: type[Edge] = StreamEdge
    assert edges is StreamEdge
