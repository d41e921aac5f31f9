"""A network namespace for one test, in which this process may do as it likes; gone with the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fraiseql_chaos.layers.packet.driver.namespaces import Network


@contextmanager
def own_network() -> Iterator[Network]:
    """Be in a new network for a block; the block's value is the one outside."""
    if os.geteuid() != 0:
        pytest.skip("only root may move this very process into a new network; who is not, has the forwarder do it (test_driver.py)")
    home = Network()
    inside = Network.make(home)
    try:
        with inside.visited(home):
            yield home
    finally:
        inside.close()
        home.close()
