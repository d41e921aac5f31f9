"""Addresses as Go reads and writes them."""

from __future__ import annotations

import asyncio

import pytest

from fraiseql_chaos.toxiproxy.go_net import AddressError, Listen, port_number, resolve, split_host_port


async def lookup(host: str) -> str:
    """Know one name, and nobody else's."""
    if host != "localhost":
        raise OSError(f"{host} is unknown")
    return "127.0.0.1"


def resolved(address: str) -> str:
    return str(asyncio.run(resolve(address, lookup)))


@pytest.mark.parametrize(
    ("address", "means"),
    [
        ("127.0.0.1:7101", "127.0.0.1:7101"),
        ("localhost:0", "127.0.0.1:0"),
        (":7104", ":7104"),
        ("", ":0"),
        ("127.0.0.1:", "127.0.0.1:0"),
        ("[::1]:80", "[::1]:80"),
        ("[::]:80", "[::]:80"),
        ("127.0.0.1:http", "127.0.0.1:80"),
        ("127.0.0.1:+80", "127.0.0.1:80"),
    ],
)
def test_what_an_address_means(address: str, means: str) -> None:
    assert resolved(address) == means


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("nonsense", "address nonsense: missing port in address"),
        ("[::1]", "address [::1]: missing port in address"),
        ("[::1]x:80", "address [::1]x:80: missing port in address"),
        ("[::1", "address [::1: missing ']' in address"),
        ("[::1]:80:90", "address [::1]:80:90: too many colons in address"),
        ("::1:80", "address ::1:80: too many colons in address"),
        ("a[b:80", "address a[b:80: unexpected '[' in address"),
        ("a]b:80", "address a]b:80: unexpected ']' in address"),
        ("127.0.0.1:99999", "address 99999: invalid port"),
        ("127.0.0.1:-1", "address -1: invalid port"),
        ("127.0.0.1:" + "9" * 5000, f"address {'9' * 5000}: invalid port"),
        ("127.0.0.1:no-such-service", "lookup tcp/no-such-service: unknown port"),
        ("nobody.invalid:80", "lookup nobody.invalid: no such host"),
    ],
)
def test_what_is_no_address_is_said_in_the_words_of_go(address: str, fault: str) -> None:
    with pytest.raises(AddressError) as refused:
        resolved(address)
    assert str(refused.value) == fault


def test_the_parts_lose_their_brackets() -> None:
    assert split_host_port("[::1]:http") == ("::1", "http")
    assert port_number("") == 0


@pytest.mark.parametrize(("host", "everywhere"), [("", True), ("::", True), ("0.0.0.0", True), ("127.0.0.1", False), ("::1", False)])  # noqa: S104  an address to look at
def test_every_interface_has_three_spellings(host: str, *, everywhere: bool) -> None:
    assert Listen(host=host, port=1).is_everywhere is everywhere
