"""A held port refuses while nobody listens, and nobody else gets it."""

from __future__ import annotations

import socket

import pytest

from fraiseql_chaos.layers.stream.driver.port import HeldPort


def test_a_held_port_refuses_until_it_listens_and_again_when_it_stops() -> None:
    port = HeldPort()
    address = ("127.0.0.1", port.number)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        with port.listen(), socket.create_connection(address) as client:
            assert client.getpeername() == address
    port.release()


def test_the_kernel_gives_a_held_port_to_nobody_who_asks_for_any() -> None:
    """Method: take every port that the kernel has to give out, in so far as descriptors allow; the held one is not among them."""
    port = HeldPort()
    others = [socket.create_server(("127.0.0.1", 0)) for _ in range(500)]
    assert port.number not in {other.getsockname()[1] for other in others}
    for other in others:
        other.close()
    port.release()


def test_a_port_that_somebody_listens_on_cannot_be_held() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        HeldPort("127.0.0.1", other.getsockname()[1])
