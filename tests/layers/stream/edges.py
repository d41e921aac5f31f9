"""A proxy process, edges on it, and connections through them whose both ends are in the test's hand."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from fraiseql_chaos.core import seconds
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.stream.model import Address, TcpAddress

DEADLINE_S = 10
NAMES = count()


@dataclass(kw_only=True)
class Proxy:
    """A running proxy process."""

    process: subprocess.Popen[bytes]
    path: Path
    control: EdgeControl = field(init=False)

    def __post_init__(self) -> None:
        self.control = EdgeControl(self.path)


@dataclass(kw_only=True)
class Edge:
    """An open edge and the listener behind it."""

    control: EdgeControl
    name: str
    address: TcpAddress
    server: socket.socket

    def connect(self) -> socket.socket:
        """Connect to the edge, without waiting for the server's side."""
        return socket.create_connection((self.address.host, self.address.port), DEADLINE_S)

    def join(self) -> tuple[socket.socket, socket.socket]:
        """Connect through the edge, and return the service's end and the server's end."""
        near = self.connect()
        far, _ = self.server.accept()
        far.settimeout(DEADLINE_S)
        return near, far

    @property
    def ledger(self) -> Ledger:
        return self.control.ledger(self.name)


@contextlib.contextmanager
def running_proxy(directory: Path, *arguments: str) -> Iterator[Proxy]:
    """Run a proxy for the length of the block."""
    path = directory / "control"
    command = [sys.executable, "-m", "fraiseql_chaos.layers.stream.driver", "--control", str(path), *arguments]
    with subprocess.Popen(command) as process:
        try:
            proxy = Proxy(process=process, path=path)
            proxy.control.wait_ready(seconds(DEADLINE_S))
            yield proxy
        finally:
            process.kill()


@contextlib.contextmanager
def open_edge(control: EdgeControl, server: socket.socket, upstream: Address | None = None) -> Iterator[Edge]:
    """Open an edge in front of a listener for the length of the block."""
    name = f"edge-{next(NAMES)}"
    if upstream is None:
        host, port = server.getsockname()
        upstream = TcpAddress(host=host, port=port)
    yield Edge(control=control, name=name, address=control.open(name, upstream=upstream, seed=7), server=server)
    control.close_edge(name)


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait on a condition, from a test that is not a coroutine."""
    give_up_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up_s, f"{what} did not happen within {DEADLINE_S} s"
        time.sleep(0.005)


def receive(sock: socket.socket, number: int) -> bytes:
    """Read exactly this many bytes, or as many as there are."""
    parts = []
    while number and (part := sock.recv(min(number, 2**16))):
        parts.append(part)
        number -= len(part)
    return b"".join(parts)


def fill(sock: socket.socket) -> int:
    """Send until no more is taken for a while, and return how much was."""
    sock.settimeout(1)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while True:
            sent += sock.send(b"x" * 2**16)
    sock.settimeout(DEADLINE_S)
    return sent


@contextlib.contextmanager
def joined(edge: Edge) -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = edge.join()
    with near, far:
        yield near, far


@contextlib.contextmanager
def greeted(edge: Edge) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends when a byte has gone each way, so that the proxy has both its sockets in hand."""
    with joined(edge) as (near, far):
        near.sendall(b"?")
        assert receive(far, 1) == b"?"
        far.sendall(b"!")
        assert receive(near, 1) == b"!"
        yield near, far
