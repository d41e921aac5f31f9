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
import random
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fraiseql_chaos.layers.packet.driver.namespaces import enter_own_network
from ways.links import DEADLINE_S, Pairs, Way, bare_way, link_ways, netem_missing, process

ECHOES_A_ROUND: Final = 400
BULK_BYTES: Final = 16 * 2**20
BULK_ROUNDS: Final = 5
MTUS: Final = (1500, 9000)
CHUNK: Final = 2**18

TARGETS: Final = {"round_trip_us": 60, "cpu_a_packet_us": 8, "cpu_to_bare": 1.3}

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
