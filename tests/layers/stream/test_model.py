"""Addresses that lead nowhere are refused when they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.model import TcpAddress, UnixAddress


@pytest.mark.parametrize("port", [0, -1, 65536, True])
def test_a_port_nobody_can_connect_to_is_refused(port: int) -> None:
    with pytest.raises(DeclarationError, match="from 1 to 65535"):
        TcpAddress(host="127.0.0.1", port=port)


def test_an_address_without_a_host_is_refused() -> None:
    with pytest.raises(DeclarationError, match="needs a host"):
        TcpAddress(host="", port=5432)


def test_a_relative_path_is_refused_because_the_proxy_lives_elsewhere() -> None:
    with pytest.raises(DeclarationError, match="absolute"):
        UnixAddress(path=Path("server.sock"))


def test_addresses_read_as_people_write_them() -> None:
    assert str(TcpAddress(host="127.0.0.1", port=5432)) == "127.0.0.1:5432"
    assert str(UnixAddress(path=Path("/run/server.sock"))) == "/run/server.sock"
