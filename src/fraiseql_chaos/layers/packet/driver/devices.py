"""
Network devices by ``ioctl``: a TUN device with its addresses, and the loopback, both of the namespace that this process is in.

Sources: ``linux/if_tun.h``, ``netdevice(7)``, ``linux/ipv6.h``. A TUN device belongs to the namespace in which ``/dev/net/tun`` was opened, hands over
packets with finished checksums because no offload is asked for, and goes when its descriptor is closed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
from ipaddress import IPv4Interface, IPv6Interface
from typing import Final

from fraiseql_chaos.errors import CapabilityError

__all__ = ["open_tun", "raise_loopback"]

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_WITHOUT_HEADER: Final = 0x0001 | 0x1000
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_SIOCSIFADDR: Final = 0x8916
_SIOCSIFNETMASK: Final = 0x891C
_SIOCSIFMTU: Final = 0x8922
_SIOCGIFINDEX: Final = 0x8933
_SIOCSIFTXQLEN: Final = 0x8943
_IFF_UP: Final = 1

QUEUE_PACKETS: Final = 10_000
"""How many packets wait in the device for us: a burst of TCP's largest window must not be lost by a link that was asked to lose nothing."""

_DEVICE: Final = "/dev/net/tun"


def open_tun(name: str, ipv4: IPv4Interface, ipv6: IPv6Interface, *, mtu: int) -> int:
    """
    Make a device, in the namespace that this process is in.

    Args:
        name: What it is called; at most 15 bytes.
        ipv4: Its address, with the length of the network's prefix.
        ipv6: Likewise; left out where the kernel has no IPv6.
        mtu: The largest packet, in bytes.

    Returns:
        A descriptor that reads and writes packets without waiting. Closing it takes the device away.

    Raises:
        CapabilityError: If there is no way to make one.
    """
    try:
        descriptor = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CapabilityError(
            f"a packet link needs {_DEVICE}, and it cannot be opened ({error.strerror}); modprobe tun; nothing was opened"
        ) from None
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_WITHOUT_HEADER))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            _set(asking, _SIOCSIFMTU, name, struct.pack("i", mtu))
            with contextlib.suppress(
                PermissionError
            ):  # Asks for rights outside any user namespace; without them the queue stays at the kernel's 500.
                _set(asking, _SIOCSIFTXQLEN, name, struct.pack("i", QUEUE_PACKETS))
            _set(asking, _SIOCSIFADDR, name, _address(ipv4.ip.packed))
            _set(asking, _SIOCSIFNETMASK, name, _address(ipv4.netmask.packed))
            _raise(asking, name)
            (index,) = struct.unpack_from("i", fcntl.ioctl(asking, _SIOCGIFINDEX, struct.pack("16s24x", name.encode())), 16)
        if socket.has_ipv6:
            _add_ipv6(ipv6, index)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def raise_loopback() -> None:
    """Bring the loopback device up; a new namespace has it down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        _raise(asking, "lo")


def _add_ipv6(address: IPv6Interface, index: int) -> None:
    try:
        asking = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    except OSError:
        return  # The kernel was started without IPv6.
    with asking:
        fcntl.ioctl(asking, _SIOCSIFADDR, struct.pack("16sIi", address.ip.packed, address.network.prefixlen, index))


def _raise(asking: socket.socket, name: str) -> None:
    (flags,) = struct.unpack_from("H", fcntl.ioctl(asking, _SIOCGIFFLAGS, struct.pack("16s24x", name.encode())), 16)
    _set(asking, _SIOCSIFFLAGS, name, struct.pack("H", flags | _IFF_UP))


def _set(asking: socket.socket, what: int, name: str, value: bytes) -> None:
    fcntl.ioctl(asking, what, struct.pack("16s24s", name.encode(), value))


def _address(packed: bytes) -> bytes:
    """Return an IPv4 address as ``struct sockaddr_in``."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, packed)
