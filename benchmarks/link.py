"""
What a packet link costs, against a veth pair and against loopback.

    python benchmarks/link.py [--json] [--rounds N]

    loopback   client ------------------------------------------------ server     one network
    veth       client --- kernel --- veth pair --- kernel ------------- server     two networks, the kernel's own wire
    bare       client --- kernel --- TUN [ read, write ] TUN --- kernel --- server   the least that any process in between costs
    link       client --- kernel --- TUN [ forwarder ] TUN --- kernel --- server   two networks, our wire

Everything is measured in one run, in short interleaved rounds whose order is shuffled, because a busy host changes from second to second: believe
the ratios, not the microseconds. Each round gives a median and a ratio; shown is the median of the rounds. It takes less than 90 s.

A link is measured as it stands, with a loss armed that never loses (a rate of 0 is refused, so it is one in 10 ** 15), with a capture at both ends, and
with both, which is what an experiment has. Processor time is the forwarder's own clock over the packets that its ledger counts.

The devices of the veth pair do without offloads, as a TUN device does: one packet at a time, with its checksum made. ``offloads`` is the pair as
the kernel gives it, which moves 64 KiB in one piece and computes nothing, because there is no wire. Where the kernel has netem (``sch_netem``) and
``tc`` is installed, the pair is measured with it as well: that is what faults of packets cost elsewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import seconds
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.driver.devices import configure, do_without_offloads, open_tun, open_veth
from fraiseql_chaos.layers.packet.driver.namespaces import Network, enter_own_network
from fraiseql_chaos.layers.packet.driver.sides import Sides
from fraiseql_chaos.layers.packet.ends import SIDES, addresses_of
from fraiseql_chaos.layers.packet.faults import Loss

ECHOES_A_ROUND: Final = 400
BULK_BYTES: Final = 16 * 2**20
BULK_ROUNDS: Final = 5
MTUS: Final = (1500, 9000)
NEVER: Final = 1e-15
LINK: Final = "bench"
DEADLINE_S: Final = 30
CHUNK: Final = 2**18

TARGETS: Final = {"round_trip_us": 60, "cpu_a_packet_us": 8, "cpu_to_bare": 1.3}

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


SERVER: Final = """
import socket, struct, sys, threading
def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = bytearray(2**18)
    while head := client.recv(8, socket.MSG_WAITALL):
        (size,) = struct.unpack("!Q", head)
        while size:
            size -= client.recv_into(room, min(size, len(room)))
        client.sendall(b"!")
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
"""Takes in as many bytes as it is told, then answers with one. Told of none, it is an echo."""


@contextlib.contextmanager
def connected(way: Way) -> Iterator[socket.socket]:
    """Start a server at the far end in a process of its own, and yield a connection to it from the near one."""
    with way.far() as listener, way.near() as client:
        listener.bind((way.address, 0))
        listener.listen()
        with process([sys.executable, "-c", SERVER, listener.fileno()], pass_fds=[listener.fileno()]):
            client.settimeout(DEADLINE_S)
            client.connect((way.address, listener.getsockname()[1]))
            client.settimeout(None)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", DEADLINE_S, 0))
            yield client


def measure_round_trips(ways: list[Way], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return, for each way and round, p50 and p99 of an echo, and the processor time of a packet in forwarder and capture, in microseconds."""
    by_round: dict[str, dict[str, list[float]]] = {way.name: {"p50_us": [], "p99_us": [], "cpu_us": [], "capture_us": []} for way in ways}
    with contextlib.ExitStack() as stack:
        clients = {way.name: stack.enter_context(connected(way)) for way in ways}
        for way in ways:
            echoes_us(clients[way.name], ECHOES_A_ROUND)
        for _ in range(rounds):
            for way in random.sample(ways, len(ways)):
                packets, (forwarded_s, captured_s) = way.packets(), way.cpu_s()
                taken_us = echoes_us(clients[way.name], ECHOES_A_ROUND)
                spent = [after - before for after, before in zip(way.cpu_s(), (forwarded_s, captured_s), strict=True)]
                number = way.packets() - packets
                row = by_round[way.name]
                row["p50_us"].append(quantile(taken_us, 0.5))
                row["p99_us"].append(quantile(taken_us, 0.99))
                row["cpu_us"].append(spent[0] * 1e6 / number if number else 0.0)
                row["capture_us"].append(spent[1] * 1e6 / number if number else 0.0)
    return by_round


def measure_bulk(ways: list[Way]) -> dict[str, dict[str, list[float]]]:
    """Return, for each way and round, how many megabytes a second went towards the server, and the forwarder's processor time of a packet."""
    by_round: dict[str, dict[str, list[float]]] = {way.name: {"mb_s": [], "cpu_us": []} for way in ways}
    with contextlib.ExitStack() as stack:
        clients = {way.name: stack.enter_context(connected(way)) for way in ways}
        for way in ways:
            bulk_s(clients[way.name], BULK_BYTES)
        for _ in range(BULK_ROUNDS):
            for way in random.sample(ways, len(ways)):
                packets, (before_s, _) = way.packets(), way.cpu_s()
                taken_s = bulk_s(clients[way.name], BULK_BYTES)
                spent_s, number = way.cpu_s()[0] - before_s, way.packets() - packets
                by_round[way.name]["mb_s"].append(BULK_BYTES / taken_s / 1e6)
                by_round[way.name]["cpu_us"].append(spent_s * 1e6 / number if number else 0.0)
    return by_round


def echoes_us(client: socket.socket, number: int) -> list[float]:
    """Return how long each of a number of questions took to be answered."""
    question, taken_us = struct.pack("!Q", 0), []
    for _ in range(number):
        began_ns = time.perf_counter_ns()
        client.sendall(question)
        assert client.recv(1) == b"!"
        taken_us.append((time.perf_counter_ns() - began_ns) / 1e3)
    return taken_us


def bulk_s(client: socket.socket, size: int) -> float:
    """Return how long it took until so many bytes had arrived."""
    chunk = bytes(CHUNK)
    began_s = time.perf_counter()
    client.sendall(struct.pack("!Q", size))
    for _ in range(size // CHUNK):
        client.sendall(chunk)
    assert client.recv(1) == b"!"
    return time.perf_counter() - began_s


def cpu_s(pid: int | None) -> float:
    """Return the processor time a process has used: its own clock (clock_getcpuclockid(3)), to the nanosecond, not /proc's hundredths."""
    return 0.0 if pid is None else time.clock_gettime((~pid << 3) | 2)


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(rounds: int) -> dict[str, Any]:
    """Measure everything, and return the numbers."""
    with contextlib.ExitStack() as stack:
        links = {mtu: stack.enter_context(link_ways(mtu)) for mtu in MTUS}
        home, _ = enter_own_network()  # Only now: a forwarder makes networks, and a user namespace, of its own.
        pairs, missing = Pairs(home), netem_missing(home)
        loopback = Way(name="loopback", near=socket.socket, far=socket.socket, address="127.0.0.1")
        by_round: dict[str, dict[str, list[float]]] = {}
        bulk: dict[str, Any] = {}
        for mtu, ways in links.items():
            wires = [pairs.way("veth", mtu)]
            if not missing:
                wires.append(pairs.way("veth, netem", mtu, discipline=("netem", "limit", "10000")))
            wires.append(stack.enter_context(bare_way(home, mtu)))
            by_round = by_round or measure_round_trips([loopback, *wires, *ways], rounds)
            bulk[str(mtu)] = summed(measure_bulk([pairs.way("veth, offloads", mtu, offloads=True), *wires, *ways]))
    return {
        "round_trips": summed(by_round),
        "bulk": bulk,
        "ratios": {name: ratios(by_round, name) for name in by_round},
        "netem": missing or "measured",
        "targets": TARGETS,
        "reached": {
            "round_trip_us": statistics.median(by_round["link"]["p50_us"]),
            "cpu_a_packet_us": statistics.median(by_round["link"]["cpu_us"]),
            "cpu_to_bare": ratio(by_round, "cpu_us", "link", "bare"),
        },
    }


def summed(by_round: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return the medians of the rounds."""
    return {way: {what: statistics.median(values) for what, values in row.items()} for way, row in by_round.items()}


def ratios(by_round: Mapping[str, Mapping[str, list[float]]], name: str) -> dict[str, float]:
    """Return how much longer a round trip takes than by each yardstick."""
    return {rival: ratio(by_round, "p50_us", name, rival) for rival in ("loopback", "veth", "bare", "link")}


def ratio(by_round: Mapping[str, Mapping[str, list[float]]], what: str, one: str, other: str) -> float:
    """Return the median of the rounds' own ratios, because the host differs from round to round."""
    return statistics.median(mine / yours for mine, yours in zip(by_round[one][what], by_round[other][what], strict=True))


def show(outcome: Mapping[str, Any]) -> None:
    """Print the numbers as tables."""
    print(
        f"{'round trip':<18}{'p50 us':>8}{'p99 us':>8}{'x loopback':>12}{'x veth':>8}{'x bare':>8}{'x link':>8}{'CPU us a packet':>17}{'capture CPU us':>16}"
    )
    for name, row in outcome["round_trips"].items():
        against = outcome["ratios"][name]
        print(
            f"{name:<18}{row['p50_us']:>8.1f}{row['p99_us']:>8.1f}{against['loopback']:>12.2f}{against['veth']:>8.2f}{against['bare']:>8.2f}{against['link']:>8.2f}"
            f"{row['cpu_us']:>17.1f}{row['capture_us']:>16.1f}"
        )
    for mtu, table in outcome["bulk"].items():
        print(f"\n{f'bulk, MTU {mtu}':<18}{'MB/s':>8}{'x veth':>8}{'CPU us a packet':>17}")
        for name, row in table.items():
            print(f"{name:<18}{row['mb_s']:>8.0f}{row['mb_s'] / table['veth']['mb_s']:>8.2f}{row['cpu_us']:>17.1f}")
    if outcome["netem"] != "measured":
        print(f"\nnetem was not measured: {outcome['netem']}")
    print(f"\n{'target':<24}{'at most':>10}{'measured':>10}")
    for name, at_most in TARGETS.items():
        measured = outcome["reached"][name]
        print(f"{name:<24}{at_most:>10g}{measured:>10.2f}  {'reached' if measured <= at_most else 'MISSED'}")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds (default: %(default)s)")
    arguments = parser.parse_args()
    outcome = run(arguments.rounds)
    if arguments.json:
        print(json.dumps(outcome, indent=2))
    else:
        show(outcome)


if __name__ == "__main__":
    main()
