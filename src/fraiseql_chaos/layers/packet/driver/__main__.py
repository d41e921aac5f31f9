"""Start a forwarder: ``python -m fraiseql_chaos.layers.packet.driver --control PATH``."""

from __future__ import annotations

from fraiseql_chaos.layers.packet.driver.process import run

if __name__ == "__main__":
    run("fraiseql_chaos.layers.packet.driver")
