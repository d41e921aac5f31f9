"""
Addresses as Go's ``net`` package reads and writes them, with its words for what is wrong with one.

    "127.0.0.1:7101"   "localhost:7101"   ":7101"   "[::1]:7101"   "" (any interface, any port)

Nothing here asks anybody: a name is looked up by a function that is handed in, and a port has to be a number or a name of the machine's own
list of services.

Source: net of Go 1.23 (ipsock.go, parse.go, port.go, tcpsock.go), read for its behaviour.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["AddressError", "Listen", "Lookup", "resolve", "split_host_port"]

type Lookup = Callable[[str], Awaitable[str]]
"""Finds a host's IP address, an IPv4 one if it has one; raises ``OSError`` if there is none."""

_PORT: Final = re.compile(r"[+-]?[0-9]+")
_PORT_MAX: Final = 65535


class AddressError(ValueError):
    """The text is no address; the message is Go's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """
    An address to listen on, with every name in it looked up.

    Attributes:
        host: An IP address; empty for every interface.
        port: A port, or 0 for one that the kernel chooses.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_everywhere(self) -> bool:
        """Whether it means every interface: Go listens on both families then, also where only 0.0.0.0 was written."""
        return not self.host or ipaddress.ip_address(self.host).is_unspecified


async def resolve(address: str, lookup: Lookup) -> Listen:
    """
    Read an address to listen on.

    Raises:
        AddressError: If it is none, in Go's words.
    """
    if not address:
        return Listen(host="", port=0)
    host, port = split_host_port(address)
    number = port_number(port)
    if not host:
        return Listen(host="", port=number)
    try:
        return Listen(host=str(ipaddress.ip_address(host)), port=number)
    except ValueError:
        pass
    try:
        return Listen(host=await lookup(host), port=number)
    except OSError:
        raise AddressError(f"lookup {host}: no such host") from None


def split_host_port(address: str) -> tuple[str, str]:
    """
    Take an address apart; both parts may be empty, and the host loses its brackets.

    Raises:
        AddressError: If it cannot be, in Go's words.
    """
    before, colon, port = address.rpartition(":")
    if not colon:
        raise AddressError(f"address {address}: missing port in address")
    if address.startswith("["):
        end = address.find("]")
        if end < 0:
            raise AddressError(f"address {address}: missing ']' in address")
        if end + 1 == len(address):
            raise AddressError(f"address {address}: missing port in address")
        if end + 1 != len(before):
            raise AddressError(f"address {address}: {'too many colons' if address[end + 1] == ':' else 'missing port'} in address")
        host = address[1:end]
        rest = address[1:], address[end + 1 :]
    else:
        host = before
        if ":" in host:
            raise AddressError(f"address {address}: too many colons in address")
        rest = address, address
    for bracket, part in zip("[]", rest, strict=True):
        if bracket in part:
            raise AddressError(f"address {address}: unexpected '{bracket}' in address")
    return host, port


def port_number(port: str) -> int:
    """
    Return a port's number; an empty one is 0.

    Raises:
        AddressError: If it has none, in Go's words.
    """
    if not port:
        return 0
    if not _PORT.fullmatch(port):
        try:
            return socket.getservbyname(port, "tcp")
        except OSError:
            raise AddressError(f"lookup tcp/{port}: unknown port") from None
    number = int(port[:20])  # What is longer is out of range all the same.
    if not 0 <= number <= _PORT_MAX:
        raise AddressError(f"address {port}: invalid port")
    return number
