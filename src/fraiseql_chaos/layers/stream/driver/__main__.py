"""Start a proxy that knows the faults of the stream and reads nothing: ``python -m fraiseql_chaos.layers.stream.driver --control PATH``."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.driver.process import run

if __name__ == "__main__":
    run("fraiseql_chaos.layers.stream.driver")
