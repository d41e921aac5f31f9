"""
Network devices of the namespace that this process is in: a TUN device, a veth pair, the loopback.

Sources: ``linux/if_tun.h``, ``linux/ethtool.h``. A TUN device belongs to the namespace in which ``/dev/net/tun`` was opened, hands over packets with
finished checksums because no offload is asked for, and goes when its descriptor is closed. The devices of a veth pair are told to do without
offloads for the same reason: what a capture sees, and what a fault acts on, is a packet as a wire would have it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.netlink import add_address, add_veth, set_up

__all__ = [
    "QUEUE_PACKETS",
    "carried",
    "configure",
    "do_without_offloads",
    "dropped_before",
    "hardware_address",
    "open_tun",
    "open_veth",
    "raise_loopback",
]

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_WITHOUT_HEADER: Final = 0x0001 | 0x1000
_SIOCETHTOOL: Final = 0x8946
_SIOCGIFHWADDR: Final = 0x8927
_OFFLOADS: Final = (0x17, 0x1F, 0x25, 0x2C)
"""Sending: checksums, TCP segmentation, generic segmentation; receiving: coalescing (``ETHTOOL_STXCSUM`` and so on)."""

QUEUE_PACKETS: Final = 10_000
"""How many packets wait in a device for us: a burst of TCP's largest window must not be lost by a link that was asked to lose nothing."""

_DEVICE: Final = "/dev/net/tun"

_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM})
"""What the kernel says to an IPv6 address where it was built or started without IPv6, or was told to have none (``disable_ipv6``)."""


def open_tun(name: str) -> int:
    """
    Make a TUN device.

    Args:
        name: What it is called; at most 15 bytes.

    Returns:
        A descriptor that reads and writes packets without waiting. Closing it takes the device away.

    Raises:
        CapabilityError: If there is no way to make one.
    """
    try:
        descriptor = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CapabilityError(
            f"a packet link needs {_DEVICE}, and it cannot be opened ({error.strerror}); {_remedy(error)}; nothing was opened"
        ) from None
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_WITHOUT_HEADER))
    except OSError as error:
        os.close(descriptor)
        raise CapabilityError(
            f"the kernel makes no TUN device here ({error.strerror}); run as root, or allow it CAP_NET_ADMIN; nothing was opened"
        ) from None
    return descriptor


def open_veth(name: str, *, peer: str, peer_network: int) -> None:
    """
    Make a veth pair that sends whole packets with finished checksums; see ``add_veth``.

    Raises:
        CapabilityError: If the kernel has none.
    """
    try:
        add_veth(name, peer=peer, peer_network=peer_network)
    except OSError as error:
        raise CapabilityError(f"this kernel makes no veth pair ({error.strerror}); modprobe veth (CONFIG_VETH); nothing was opened") from None


def configure(name: str, ipv4: IPv4Interface, ipv6: IPv6Interface, *, mtu: int) -> bool:
    """
    Bring a device up, with its addresses.

    Args:
        name: What it is called.
        ipv4: Its address, with the length of the network's prefix.
        ipv6: Likewise; left out where the kernel has no IPv6.
        mtu: The largest packet, in bytes.

    Returns:
        Whether it has the IPv6 address.

    Raises:
        OSError: If the kernel refuses.
    """
    set_up(name, mtu=mtu, queue_packets=QUEUE_PACKETS)
    add_address(name, ipv4)
    try:
        add_address(name, ipv6)
    except OSError as error:
        if error.errno in _NO_IPV6:
            return False
        raise
    return True


def do_without_offloads(name: str) -> None:
    """Have a device send packets as they would be on a wire, one by one and with their checksums, and take them in likewise."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for offload in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("=II", offload, 0), 8)
            fcntl.ioctl(asking, _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), ctypes.addressof(value)))


def raise_loopback() -> None:
    """Bring the loopback device up, which gives it its addresses; a new namespace has it down."""
    set_up("lo")


def hardware_address(name: str) -> bytes:
    """Return the Ethernet address of a device."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        return fcntl.ioctl(asking, _SIOCGIFHWADDR, struct.pack("16s24x", name.encode()))[18:24]


def dropped_before(name: str) -> int:
    """Return how many packets a device had no room for, and so never handed over, by its kernel's count (proc_net_dev)."""
    return _counts(name)[11]


def carried(name: str) -> tuple[int, int, int]:
    """Return how much a device took in, in packets and in bytes of frames, and how many packets it sent, by its kernel's count."""
    counts = _counts(name)
    return counts[1], counts[0], counts[9]


def _counts(name: str) -> list[int]:
    for line in Path("/proc/thread-self/net/dev").read_bytes().splitlines():
        device, _, counts = line.partition(b":")
        if device.strip() == name.encode():
            return [int(count) for count in counts.split()]
    return [0] * 16


def _remedy(error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"allow it (chmod 0666 {_DEVICE}; in a container: --device {_DEVICE}, and its cgroup must allow it)"
    return f"modprobe tun (CONFIG_TUN), and mknod {_DEVICE} c 10 200 where it is missing (in a container: --device {_DEVICE})"
