"""
A link between two kernels' TCP for tests of those who watch it: two namespaces, a TUN device in each, and the packet layer's engine between them.

Each end is a thread that has left the test's network namespace for a new one, which ends with it; whatever is to happen at an end is done in its thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socket import socket as Socket  # noqa: N812  a method here has the class's own name
from typing import Final, Literal

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.model import Direction, PacketFault

__all__ = ["PREFIXES", "End", "Link", "is_allowed", "linked"]

PREFIXES: Final = {socket.AF_INET: ("10.77.0.1", "10.77.0.2"), socket.AF_INET6: ("fd77::1", "fd77::2")}
"""The addresses of the near and of the far end; both namespaces are the test's own, so they meet nobody else's."""

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_ALL_PROTOCOLS: Final = 3
_MTU: Final = 1500

type Side = Literal["near", "far"]


def is_allowed() -> bool:
    """Tell whether this process may make namespaces and devices."""
    return os.geteuid() == 0 and os.access("/dev/net/tun", os.R_OK | os.W_OK)


class End:
    """One end: a namespace, its device, and the address of each family."""

    def __init__(self, side: Side) -> None:
        self.device = f"test-{side}"
        self.addresses = {family: both[side == "far"] for family, both in PREFIXES.items()}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=side)
        self.tun = -1
        self.tid = self.do(self._enter)

    def do[T](self, what: Callable[[], T]) -> T:
        """Do something in the namespace."""
        return self._thread.submit(what).result(timeout=20)

    def socket(self, family: int, kind: int) -> Socket:
        """Return a socket that lives here."""
        return self.do(lambda: socket.socket(family, kind))

    def tap(self) -> Socket:
        """Return a packet socket that sees what passes here."""
        return self.do(self._tap)

    def close(self) -> None:
        os.close(self.tun)
        self._thread.shutdown()

    def _tap(self) -> Socket:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        tap.bind((self.device, _ALL_PROTOCOLS))
        return tap

    def _enter(self) -> int:
        os.unshare(os.CLONE_NEWNET)
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(self.tun, _TUNSETIFF, struct.pack("16sH22x", self.device.encode(), _IFF_TUN | _IFF_NO_PI))
        words = [
            f"link set {self.device} mtu {_MTU} txqueuelen 10000 up",
            "link set lo up",
            f"address add {self.addresses[socket.AF_INET]}/24 dev {self.device}",
            f"address add {self.addresses[socket.AF_INET6]}/64 dev {self.device} nodad",
        ]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(words), text=True, check=True, timeout=10)
        return threading.get_native_id()


class Link:
    """Two ends and the engine between them, which forwards in a thread of its own."""

    def __init__(self, *, seed: int) -> None:
        self.near, self.far = End("near"), End("far")
        self._engine = LinkEngine(seed=seed)
        self._lock = threading.Lock()
        self._ended, self._end = os.pipe()
        self._forwarder = threading.Thread(target=self._forward, name="forwarder")
        self._forwarder.start()

    def arm(self, fault_id: str, fault: PacketFault) -> None:
        with self._lock:
            self._engine.arm(fault_id, fault, dice=fault_id, now_ns=now_ns())

    def heal(self, fault_id: str) -> None:
        with self._lock:
            self._engine.heal(fault_id, now_ns())

    def close(self) -> None:
        os.write(self._end, b".")
        self._forwarder.join(timeout=20)
        self.near.close()
        self.far.close()
        os.close(self._end)
        os.close(self._ended)

    def _forward(self) -> None:
        into: dict[Direction, int] = {"up": self.far.tun, "down": self.near.tun}
        ways: dict[int, Direction] = {self.near.tun: "up", self.far.tun: "down"}
        poll = select.poll()
        for descriptor in (*ways, self._ended):
            poll.register(descriptor, select.POLLIN)
        while True:
            due_ns = self._engine.due_ns
            ready = {descriptor for descriptor, _ in poll.poll(None if due_ns is None else max(0, due_ns - now_ns()) / 1e6)}
            if self._ended in ready:
                return
            with self._lock:
                leaving = [*self._engine.take(now_ns())]
                for descriptor in ready:
                    with contextlib.suppress(BlockingIOError):
                        for _ in range(64):
                            leaving += self._engine.feed(ways[descriptor], os.read(descriptor, 65536), now_ns())
            for direction, raw in leaving:
                with contextlib.suppress(OSError):  # A device refuses what is no packet any more.
                    os.write(into[direction], raw)


@contextlib.contextmanager
def linked(*, seed: int) -> Iterator[Link]:
    """Hold a link."""
    link = Link(seed=seed)
    try:
        yield link
    finally:
        link.close()
