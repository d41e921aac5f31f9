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
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Final

__all__ = [
    "add_address",
    "add_bridge",
    "add_neighbour",
    "add_veth",
    "ask",
    "attribute",
    "attributes_in",
    "enslave",
    "is_forwarding",
    "is_running",
    "remove_device",
    "set_up",
    "without_ipv6_of_its_own",
]

_NLMSG_ERROR: Final = 2
_RTM_NEWLINK: Final = 16
_RTM_DELLINK: Final = 17
_RTM_GETLINK: Final = 18
_RTM_NEWADDR: Final = 20
_RTM_NEWNEIGH: Final = 28
_NLM_F_REQUEST_ACK: Final = 0x1 | 0x4
_NLM_F_CREATE_EXCL: Final = 0x400 | 0x200
_IFLA_IFNAME: Final = 3
_IFLA_MTU: Final = 4
_IFLA_MASTER: Final = 10
_IFLA_TXQLEN: Final = 13
_IFLA_OPERSTATE: Final = 16
_IFLA_LINKINFO: Final = 18
_IFLA_AF_SPEC: Final = 26
_IFLA_NET_NS_FD: Final = 28
_IFLA_INFO_KIND: Final = 1
_IFLA_INFO_DATA: Final = 2
_VETH_INFO_PEER: Final = 1
_IFLA_INFO_SLAVE_DATA: Final = 5
_IFLA_BRPORT_STATE: Final = 1
_BRIDGE_MCAST_SNOOPING: Final = 23
_FORWARDING: Final = 3
_OPERATIONAL: Final = 6
_TYPE: Final = 0x3FFF
_INET6_ADDR_GEN_MODE: Final = 8
_ADDR_GEN_NONE: Final = 1
_NDA_DST: Final = 1
_NDA_LLADDR: Final = 2
_NUD_PERMANENT: Final = 0x80
_IFA_LOCAL: Final = 2
_IFA_ADDRESS: Final = 1
_IFA_F_NODAD: Final = 0x02
_IFF_UP: Final = 1

_HEADER: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
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
    attributes = b"".join(attribute(kind, struct.pack("=I", size)) for kind, size in sizes if size is not None)
    ask(_RTM_NEWLINK, _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), _IFF_UP, _IFF_UP) + attributes, f"set up {name}")


def add_address(name: str, address: IPv4Interface | IPv6Interface) -> None:
    """
    Give a device of this namespace an address that can be used at once: nobody else can have it, so nobody is asked.

    Raises:
        OSError: If the kernel refuses.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    fixed = _ADDRESS.pack(family, address.network.prefixlen, _IFA_F_NODAD if family == socket.AF_INET6 else 0, 0, socket.if_nametoindex(name))
    packed = address.ip.packed
    attributes = attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
    ask(_RTM_NEWADDR, fixed + attributes, f"give {name} the address {address}", flags=_NLM_F_CREATE_EXCL)


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
    other = _NO_LINK + _named(peer) + attribute(_IFLA_NET_NS_FD, struct.pack("=I", peer_network))
    info = attribute(_IFLA_INFO_KIND, b"veth") + attribute(_IFLA_INFO_DATA, attribute(_VETH_INFO_PEER, other))
    ask(_RTM_NEWLINK, _NO_LINK + _named(name) + attribute(_IFLA_LINKINFO, info), f"make the veth pair {name} and {peer}", flags=_NLM_F_CREATE_EXCL)


def add_bridge(name: str) -> None:
    """
    Make a bridge, which joins the devices that are enslaved to it, as a plain switch does: it sends nothing of its own.

    One that snoops on multicast joins groups itself, and tells so on every port.

    Raises:
        OSError: If the kernel refuses, or knows no bridges.
    """
    info = attribute(_IFLA_INFO_KIND, b"bridge") + attribute(_IFLA_INFO_DATA, attribute(_BRIDGE_MCAST_SNOOPING, b"\0"))
    ask(_RTM_NEWLINK, _NO_LINK + _named(name) + attribute(_IFLA_LINKINFO, info), f"make the bridge {name}", flags=_NLM_F_CREATE_EXCL)


def enslave(name: str, *, bridge: str) -> None:
    """
    Plug a device of this namespace into a bridge of it.

    Raises:
        OSError: If the kernel refuses.
    """
    master = attribute(_IFLA_MASTER, struct.pack("=I", socket.if_nametoindex(bridge)))
    ask(_RTM_NEWLINK, _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0) + master, f"plug {name} into {bridge}")


def is_forwarding(name: str) -> bool:
    """
    Tell whether a bridge hands on what comes in at one of its ports; it begins to a moment after the device at the other end is up.

    Raises:
        OSError: If the kernel refuses.
    """
    port = attributes_in(attributes_in(_told(name).get(_IFLA_LINKINFO, b"")).get(_IFLA_INFO_SLAVE_DATA, b""))
    return port.get(_IFLA_BRPORT_STATE) == bytes([_FORWARDING])


def is_running(name: str) -> bool:
    """
    Tell whether a device sends; until its kernel has seen that the other end is up, it drops all that it is handed.

    Raises:
        OSError: If the kernel refuses.
    """
    return _told(name).get(_IFLA_OPERSTATE) == bytes([_OPERATIONAL])


def _told(name: str) -> dict[int, bytes]:
    link = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0)
    return attributes_in(ask(_RTM_GETLINK, link, f"tell of {name}")[_LINK.size :])


def without_ipv6_of_its_own(name: str) -> None:
    """
    Have a device make itself no IPv6 address, with which it would send packets that nobody asked for.

    Raises:
        OSError: If the kernel refuses, or has no IPv6 at all.
    """
    mode = attribute(socket.AF_INET6, attribute(_INET6_ADDR_GEN_MODE, bytes([_ADDR_GEN_NONE])))
    link = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0)
    ask(_RTM_NEWLINK, link + attribute(_IFLA_AF_SPEC, mode), f"keep {name} from an IPv6 address of its own")


def add_neighbour(name: str, address: IPv4Address | IPv6Address, hardware: bytes) -> None:
    """
    Tell this namespace where an address is, for good, so that it asks nobody and a question that is lost is not taken for a host that is away.

    Args:
        name: The device behind which it is.
        address: The address.
        hardware: The Ethernet address of whoever has it.

    Raises:
        OSError: If the kernel refuses.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    fixed = _NEIGHBOUR.pack(family, socket.if_nametoindex(name), _NUD_PERMANENT, 0, 0)
    attributes = attribute(_NDA_DST, address.packed) + attribute(_NDA_LLADDR, hardware)
    ask(_RTM_NEWNEIGH, fixed + attributes, f"say that {address} is behind {name}", flags=_NLM_F_CREATE_EXCL)


def remove_device(name: str) -> None:
    """
    Take a device of this namespace away, and its peer with it.

    Raises:
        OSError: If the kernel refuses.
    """
    ask(_RTM_DELLINK, _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0), f"take {name} away")


def _named(name: str) -> bytes:
    return attribute(_IFLA_IFNAME, name.encode() + b"\0")


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, filled up to whole words, which its length does not count."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def attributes_in(raw: bytes) -> dict[int, bytes]:
    """Return the attributes that the kernel told, by their kind."""
    found = {}
    while len(raw) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(raw)
        found[kind & _TYPE] = raw[_ATTRIBUTE.size : length]
        raw = raw[max(_ATTRIBUTE.size, length + 3 & ~3) :]
    return found


def ask(kind: int, body: bytes, what: str, *, flags: int = 0) -> bytes:
    """
    Send a request.

    Args:
        kind: What is asked.
        body: The fixed part and the attributes.
        what: The same, as the end of a sentence.
        flags: Beyond those that every request has.

    Returns:
        What came in front of the acknowledgement, from its fixed part on; empty if nothing did.

    Raises:
        OSError: With what the acknowledgement says, if that is no.
    """
    told = b""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as asking:
        asking.send(_HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST_ACK | flags, 1, 0) + body)
        while True:
            # The kernel answers within the send, so there is nothing to wait for.
            answer = asking.recv(2**16)
            length, answered, _, _, _ = _HEADER.unpack_from(answer)
            if answered != _NLMSG_ERROR:
                told = answer[_HEADER.size : length]
                continue
            (code,) = struct.unpack_from("=i", answer, _HEADER.size)
            if code:
                raise OSError(-code, f"{os.strerror(-code)} (to {what})")
            return told
