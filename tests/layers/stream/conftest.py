"""Proxies and edges as fixtures."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from layers.stream.edges import DEADLINE_S, Edge, Proxy, open_edge, running_proxy


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy shared by the tests of a file, each of which opens its own edge."""
    with running_proxy(tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture
def own_proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy for one test, which may stop or kill it."""
    with running_proxy(tmp_path) as proxy:
        yield proxy


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listener for an edge to lead to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_S)
        yield listener


@pytest.fixture
def edge(proxy: Proxy, server: socket.socket) -> Iterator[Edge]:
    """An edge of the shared proxy."""
    with open_edge(proxy.control, server) as edge:
        yield edge
