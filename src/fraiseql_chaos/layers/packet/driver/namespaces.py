"""
Networks of our own, which die with us.

A namespace has no name: it is held by the process that lives in it, or by a descriptor of ours, and ends with the last of them. Who is not root makes a
user namespace first, in which every user is who they were (PostgreSQL refuses to be root, also in a namespace), and the rights to make networks are ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.devices import raise_loopback

__all__ = ["Network", "enter_own_network"]

_SYSCTLS: Final = (
    ("/proc/sys/kernel/unprivileged_userns_clone", b"0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", b"0", "user.max_user_namespaces=10000"),
    ("/proc/sys/user/max_net_namespaces", b"0", "user.max_net_namespaces=10000"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", b"1", "kernel.apparmor_restrict_unprivileged_userns=0"),
)
"""What may forbid it: the file, what it then says, and the setting that allows it."""


class Network:
    """
    A network namespace that a descriptor of ours holds.

    Attributes:
        descriptor: What holds it.
        path: Names it to other processes of this user, for as long as we live.
    """

    def __init__(self) -> None:
        self.descriptor = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.path = Path(f"/proc/{os.getpid()}/fd/{self.descriptor}")

    @classmethod
    def make(cls, home: Network) -> Network:
        """Make one, and come back home."""
        os.unshare(os.CLONE_NEWNET)
        try:
            raise_loopback()
            return cls()
        finally:
            home.enter()

    def enter(self) -> None:
        """Move this process into it."""
        os.setns(self.descriptor, os.CLONE_NEWNET)

    @contextmanager
    def visited(self, home: Network) -> Iterator[None]:
        """Be in it for a block: what is opened there stays there."""
        self.enter()
        try:
            yield
        finally:
            home.enter()

    def close(self) -> None:
        """Let go of it; it ends when nobody else lives in it."""
        os.close(self.descriptor)


def enter_own_network() -> tuple[Network, Path | None]:
    """
    Move this process into a network of its own, and into a user namespace before if it is not root.

    Returns:
        The network, and what names the user namespace, if one was made.

    Raises:
        CapabilityError: If the kernel does not let it; the message names the setting that forbids it, where one is known.
    """
    uid, gid, is_root = os.geteuid(), os.getegid(), os.geteuid() == 0
    try:
        os.unshare(os.CLONE_NEWNET if is_root else os.CLONE_NEWUSER | os.CLONE_NEWNET)
        # A kernel may let us in and then no further: AppArmor's restriction lets a user make the namespace, and takes every right in it away.
        if not is_root:
            Path("/proc/self/setgroups").write_bytes(b"deny")
            Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (uid, uid))
            Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (gid, gid))
        raise_loopback()
    except OSError as error:
        what = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
        raise CapabilityError(f"this kernel does not let us make a network namespace ({what}); {_remedy()}; nothing was started") from None
    return Network(), None if is_root else Path(f"/proc/{os.getpid()}/ns/user")


def _remedy() -> str:
    for name, forbids, allows in _SYSCTLS:
        path = Path(name)
        if path.exists() and path.read_bytes().strip() == forbids:
            return f"sysctl {allows} allows it"
    return "run as root, or on a kernel with user namespaces (CONFIG_USER_NS, CONFIG_NET_NS)"
