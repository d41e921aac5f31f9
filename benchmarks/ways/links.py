"""
The ways that ``link.py`` compares: each opens sockets at two ends, and says what carrying between them has cost.

Drawn in the header of ``link.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import seconds
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.driver.devices import configure, do_without_offloads, open_tun, open_veth
from fraiseql_chaos.layers.packet.driver.namespaces import Network
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.ends import SIDES, addresses_of
from fraiseql_chaos.layers.packet.faults import Loss

__all__ = ["DEADLINE_S", "Pairs", "Way", "bare_way", "link_ways", "netem_missing", "process"]

DEADLINE_S: Final = 30
NEVER: Final = 1e-15
LINK: Final = "bench"

type Opening = Callable[[], socket.socket]
"""Returns a new TCP socket that lives at one end of a way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    One way from a client to a server.

    Attributes:
        name: What it is called.
        near, far: Open a socket at the client's end, and at the server's.
        address: The server's.
        cpu_s: Returns the processor time that its forwarder, and its capture, have used.
        packets: Returns how many packets its forwarder has carried.
    """

    name: str
    near: Opening
    far: Opening
    address: str
    cpu_s: Callable[[], tuple[float, float]] = lambda: (0.0, 0.0)
    packets: Callable[[], int] = lambda: 0


@contextlib.contextmanager
def process(command: Sequence[object], **options: Any) -> Iterator[int]:
    """Run a process for the length of the block."""
    running = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield running.pid
    finally:
        running.terminate()
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(5)


@contextlib.contextmanager
def forwarder() -> Iterator[tuple[LinkControl, int]]:
    """Run a forwarder, and yield its control and its process id."""
    with tempfile.TemporaryDirectory(prefix="fraiseql-chaos-bench-") as directory:
        path = Path(directory) / "control"
        with process([sys.executable, "-m", "fraiseql_chaos.layers.packet.driver", "--control", path]) as pid:
            control = LinkControl(path)
            control.wait_ready(seconds(DEADLINE_S))
            yield control, pid


@contextlib.contextmanager
def capture(control: LinkControl) -> Iterator[int]:
    """Record both ends of a link, as an experiment does, and yield the recording's process id."""
    with tempfile.TemporaryDirectory(prefix="fraiseql-chaos-bench-") as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{directory}/control")
        listener.listen()
        listener.settimeout(DEADLINE_S)
        with (
            process([sys.executable, "-m", "fraiseql_chaos.probes.capture", "--control", f"{directory}/control"]) as pid,
            listener.accept()[0] as peer,
        ):
            files = {"near": f"{directory}/near.pcap", "far": f"{directory}/far.pcap", "bytes_max": 2**30}
            taps = control.tap(LINK, "near"), control.tap(LINK, "far")
            socket.send_fds(peer, [json.dumps({"record": files}).encode() + b"\n"], [tap.fileno() for tap in taps])
            for tap in taps:
                tap.close()
            peer.settimeout(DEADLINE_S)
            assert b"ready" in peer.recv(2**16)
            yield pid


@contextlib.contextmanager
def link_ways(mtu: int) -> Iterator[list[Way]]:
    """Open a link for each state that one can be in, with a forwarder of its own as each rig has one, and yield the ways over them."""
    with contextlib.ExitStack() as stack:
        ways = []
        for name, has_loss, has_capture in (
            ("link", False, False),
            ("link, loss armed", True, False),
            ("link, capture", False, True),
            ("link, both", True, True),
        ):
            control, pid = stack.enter_context(forwarder())
            ends = control.open(LINK, seed=1, mtu=mtu)
            if has_loss:
                control.arm(LINK, "loss", Loss(rate=NEVER))
            recorder = stack.enter_context(capture(control)) if has_capture else None
            ways.append(
                Way(
                    name=name,
                    near=partial(control.socket, LINK, "near"),
                    far=partial(control.socket, LINK, "far"),
                    address=str(ends.far.ipv4),
                    cpu_s=partial(both_cpu_s, pid, recorder),
                    packets=partial(carried, control),
                )
            )
        yield ways


def both_cpu_s(forwarder_pid: int, recorder_pid: int | None) -> tuple[float, float]:
    """Return the processor time that a forwarder and a recording have used."""
    return cpu_s(forwarder_pid), cpu_s(recorder_pid)


def carried(control: LinkControl) -> int:
    """Return how many packets a link has carried, both directions together."""
    ledger = control.ledger(LINK)
    return ledger.up.packets + ledger.down.packets


class Pairs:
    """
    Veth pairs from a near network of their own to the one this process is in.

    Args:
        home: The network that this process is in.
    """

    def __init__(self, home: Network) -> None:
        self._home = home
        self._made = 0

    def way(self, name: str, mtu: int, *, offloads: bool = False, discipline: Sequence[str] = ()) -> Way:
        """Make a pair, and return the way over it, with a queueing discipline at both ends if one is named."""
        near = Network.make(self._home)
        self._made += 1
        # What the links' addresses are is another network's business; these only must not be those of another pair.
        near4, far4, near6, far6 = addresses_of(2**14 + self._made)
        ours, theirs = f"bench{self._made}", "near"
        open_veth(ours, peer=theirs, peer_network=near.descriptor)
        self._ready(ours, mtu, offloads=offloads, discipline=discipline, addresses=(far4, far6))
        with near.visited(self._home):
            self._ready(theirs, mtu, offloads=offloads, discipline=discipline, addresses=(near4, near6))

        def opened() -> socket.socket:
            with near.visited(self._home):
                return socket.socket()

        return Way(name=name, near=opened, far=socket.socket, address=str(far4.ip))

    def _ready(self, device: str, mtu: int, *, offloads: bool, discipline: Sequence[str], addresses: tuple[Any, Any]) -> None:
        if not offloads:
            do_without_offloads(device)
        configure(device, *addresses, mtu=mtu)
        if discipline:
            subprocess.run(["tc", "qdisc", "add", "dev", device, "root", *discipline], check=True, capture_output=True, text=True)


CARRIER: Final = """
import os, select, sys
near, far = int(sys.argv[1]), int(sys.argv[2])
epoll, other = select.epoll(), {near: far, far: near}
for device in other:
    epoll.register(device, select.EPOLLIN)
while True:
    for device, _ in epoll.poll():
        os.write(other[device], os.read(device, 65600))
"""
"""Carries packets between two devices, and knows nothing."""


@contextlib.contextmanager
def bare_way(home: Network, mtu: int) -> Iterator[Way]:
    """Make two TUN devices with the least between them that carries packets at all, and yield the way over them."""
    sides = Sides(mtu, home)
    devices = []
    for side in SIDES:
        with sides.visited(side):
            devices.append(open_tun(sides.names[side]))
    sides.configure(mtu)

    def near() -> socket.socket:
        with sides.visited("near"):
            return socket.socket()

    with process([sys.executable, "-c", CARRIER, *devices], pass_fds=devices) as pid:
        for device in devices:
            os.close(device)
        yield Way(
            name="bare",
            near=near,
            far=socket.socket,
            address=str(addresses_of(mtu)[1].ip),
            cpu_s=partial(both_cpu_s, pid, None),
            packets=partial(passed, sides.names["far"]),
        )
    sides.close()


def passed(device: str) -> int:
    """Return how many packets a device of this network has taken and given, by its kernel's count (proc_net_dev)."""
    for line in Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == device:
            return int(counts.split()[1]) + int(counts.split()[9])
    raise LookupError(f"no device is called {device!r}")


def netem_missing(home: Network) -> str:
    """Return why netem cannot be measured; empty if it can."""
    if shutil.which("tc") is None:
        return "tc is not installed; apt install iproute2 gets it"
    trial = Network.make(home)
    try:
        with trial.visited(home):
            tried = subprocess.run(
                ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "limit", "10000"], capture_output=True, text=True, check=False
            )
    finally:
        trial.close()
    return "" if tried.returncode == 0 else f"this kernel has none (sch_netem): {tried.stderr.strip().splitlines()[0]}"


def cpu_s(pid: int | None) -> float:
    """Return the processor time a process has used: its own clock (clock_getcpuclockid(3)), to the nanosecond, not /proc's hundredths."""
    return 0.0 if pid is None else time.clock_gettime((~pid << 3) | 2)
