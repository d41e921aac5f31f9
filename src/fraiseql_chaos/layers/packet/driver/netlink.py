"""
Asking the kernel for devices and addresses: one request out, one acknowledgement back (rtnetlink(7)).

    header (length, kind, flags, number, 0) | fixed part | attribute | attribute | ...

Only what a link needs is here. A library for all of netlink is there to be had (pyroute2); importing it takes as long as this whole process takes to
start, for four kinds of request. Unlike ``ioctl`` netlink asks for rights over the namespace alone, and not over the machine.
"""

from __future__ import annotations

import os
import socket
import struct
from ipaddress import IPv4Interface, IPv6Interface
from typing import Final

__all__ = ["add_address", "add_veth", "remove_device", "set_up"]

_RTM_NEWLINK: Final = 16
_RTM_DELLINK: Final = 17
_RTM_NEWADDR: Final = 20
_NLM_F_REQUEST_ACK: Final = 0x1 | 0x4
_NLM_F_CREATE_EXCL: Final = 0x400 | 0x200
_IFLA_IFNAME: Final = 3
_IFLA_MTU: Final = 4
_IFLA_TXQLEN: Final = 13
_IFLA_LINKINFO: Final = 18
_IFLA_NET_NS_FD: Final = 28
_IFLA_INFO_KIND: Final = 1
_IFLA_INFO_DATA: Final = 2
_VETH_INFO_PEER: Final = 1
_IFA_LOCAL: Final = 2
_IFA_ADDRESS: Final = 1
_IFA_F_NODAD: Final = 0x02
_IFF_UP: Final = 1

_HEADER: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")
_NO_LINK: Final = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)


def set_up(name: str, *, mtu: int | None = None, queue_packets: int | None = None) -> None:
    """
    Bring a device of this namespace up.

    Args:
        name: What it is called.
        mtu: The largest packet, in bytes; left as it is if not given.
        queue_packets: How many packets may wait in it; left as it is if not given.

    Raises:
        OSError: If the kernel refuses.
    """
    sizes = [(_IFLA_MTU, mtu), (_IFLA_TXQLEN, queue_packets)]
    attributes = b"".join(_attribute(kind, struct.pack("=I", size)) for kind, size in sizes if size is not None)
    _ask(_RTM_NEWLINK, _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), _IFF_UP, _IFF_UP) + attributes, f"set up {name}")


def add_address(name: str, address: IPv4Interface | IPv6Interface) -> None:
    """
    Give a device of this namespace an address that can be used at once: nobody else can have it, so nobody is asked.

    Raises:
        OSError: If the kernel refuses.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    fixed = _ADDRESS.pack(family, address.network.prefixlen, _IFA_F_NODAD if family == socket.AF_INET6 else 0, 0, socket.if_nametoindex(name))
    packed = address.ip.packed
    attributes = _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)
    _ask(_RTM_NEWADDR, fixed + attributes, f"give {name} the address {address}", flags=_NLM_F_CREATE_EXCL)


def add_veth(name: str, *, peer: str, peer_network: int) -> None:
    """
    Make a pair of devices, one in this namespace and its peer in another.

    Args:
        name: What the one here is called.
        peer: What the other is called.
        peer_network: A descriptor of the namespace it comes into being in.

    Raises:
        OSError: If the kernel refuses, or knows no such devices.
    """
    other = _NO_LINK + _named(peer) + _attribute(_IFLA_NET_NS_FD, struct.pack("=I", peer_network))
    info = _attribute(_IFLA_INFO_KIND, b"veth") + _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, other))
    _ask(_RTM_NEWLINK, _NO_LINK + _named(name) + _attribute(_IFLA_LINKINFO, info), f"make the veth pair {name} and {peer}", flags=_NLM_F_CREATE_EXCL)


def remove_device(name: str) -> None:
    """
    Take a device of this namespace away, and its peer with it.

    Raises:
        OSError: If the kernel refuses.
    """
    _ask(_RTM_DELLINK, _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0), f"take {name} away")


def _named(name: str) -> bytes:
    return _attribute(_IFLA_IFNAME, name.encode() + b"\0")


def _attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, filled up to whole words, which its length does not count."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _ask(kind: int, body: bytes, what: str, *, flags: int = 0) -> None:
    """Send a request, and raise what its acknowledgement says."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as asking:
        asking.send(_HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST_ACK | flags, 1, 0) + body)
        # The kernel answers within the send, so there is nothing to wait for.
        (code,) = struct.unpack_from("=i", asking.recv(2**16), _HEADER.size)
    if code:
        raise OSError(-code, f"{os.strerror(-code)} (to {what})")
