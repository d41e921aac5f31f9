"""A held port refuses, and nobody else can have it."""

from __future__ import annotations

import socket

import pytest

from fraiseql_chaos.rig.postgres.port import LOOPBACK, HeldPort


def test_held_port_refuses_connections() -> None:
    with HeldPort() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port.number), timeout=5)


def test_nobody_else_gets_a_held_port() -> None:
    with HeldPort() as port, socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((LOOPBACK, port.number))


def test_listener_that_reuses_addresses_may_use_it() -> None:
    with HeldPort() as port, socket.create_server((LOOPBACK, port.number)), socket.create_connection((LOOPBACK, port.number), timeout=5):
        pass


def test_closing_gives_it_back() -> None:
    with HeldPort() as port:
        pass
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, port.number))
