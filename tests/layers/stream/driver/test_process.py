"""The proxy process: what it can read, how it ends, and what it leaves."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.model import TcpAddress
from layers.stream.edges import DEADLINE_S, Proxy, joined, open_edge, running_proxy


def test_a_proxy_of_the_stream_alone_reads_nothing_and_says_so(proxy: Proxy) -> None:
    with pytest.raises(DeclarationError, match="this proxy reads bytes, and no protocol 'postgresql'; nothing was opened"):
        proxy.control.open("database", upstream=TcpAddress(host="127.0.0.1", port=1), seed=1, protocol="postgresql")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_takes_its_connections_with_it(tmp_path: Path, server: socket.socket, number: signal.Signals) -> None:
    with running_proxy(tmp_path) as proxy:
        edge = open_edge(proxy.control, server).__enter__()
        with joined(edge) as (near, far):
            proxy.process.send_signal(number)
            assert proxy.process.wait(DEADLINE_S) == 0
            assert (near.recv(1), far.recv(1)) == (b"", b"")


def test_only_its_owner_may_command_it(proxy: Proxy) -> None:
    assert proxy.path.stat().st_mode & 0o077 == 0
