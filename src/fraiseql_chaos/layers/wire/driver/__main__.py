"""Start a proxy that knows the faults of stream and wire, and reads PostgreSQL: ``python -m fraiseql_chaos.layers.wire.driver --control PATH``."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.driver.process import run
from fraiseql_chaos.layers.wire.codec import EDGE_KINDS
from fraiseql_chaos.layers.wire.reading import PostgresReading, TlsReading, TlsTowardsBothReading

if __name__ == "__main__":
    run(
        "fraiseql_chaos.layers.wire.driver",
        kinds=EDGE_KINDS,
        readings={"postgresql": PostgresReading, "postgresql-tls": TlsReading, "postgresql-tls-both": TlsTowardsBothReading},
    )
