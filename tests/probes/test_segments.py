"""The kernel counts segments at both ends, and tells of either."""

from __future__ import annotations

import socket

import pytest

from fraiseql_chaos.probes.segments import segments_received, segments_received_at


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_write_that_does_not_wait_is_a_segment(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener, socket.create_connection(listener.getsockname()[:2]) as near:
        far, _ = listener.accept()
        with far:
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(10):
                near.sendall(b"x")
                far.recv(1)
            local, remote = far.getsockname()[:2], far.getpeername()[:2]
            assert segments_received(far) == segments_received_at(local, remote) == 10
            assert segments_received(near) == segments_received_at(remote, local) == 0


def test_what_is_no_tcp_socket_has_no_segments() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert segments_received(one) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere"])
def test_a_socket_that_is_not_here_has_none_either(host: str) -> None:
    assert segments_received_at((host, 1), ("127.0.0.1", 2)) is None
