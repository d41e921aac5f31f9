"""
What the edge proxy costs, and how exact its delays are, against no proxy and against HAProxy.

    python benchmarks/proxy.py [--json] [--rounds N] [--dsn "host=127.0.0.1 port=5432 user=postgres dbname=postgres"]

Everything is measured in one run, in short interleaved rounds whose order is shuffled, because a busy host changes from second to
second: believe the ratios, not the microseconds. Each round gives a median and a ratio; shown is the median of the rounds.

PostgreSQL comes with the environment and is started here as an unprivileged user, unless ``--dsn`` names another. HAProxy is compared
with if it is installed (``apt install haproxy``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.model import TcpAddress
from fraiseql_chaos.rig.postgres.account import server_account
from fraiseql_chaos.rig.postgres.binaries import find_binaries

QUERIES_A_ROUND: Final = 400
CONNECTIONS: Final = 1000
DELAYS: Final = (ms(2), ms(20), ms(100))
DELAYED_QUERIES: Final = {ms(2): 300, ms(20): 150, ms(100): 40}
DEADLINE_S: Final = 30
WITHOUT_HAPROXY: Final = "HAProxy is not installed, so there is nothing to compare with; apt install haproxy gets it."

TARGETS: Final = {
    "round_trip_to_direct": 1.8,
    "round_trip_to_haproxy": 1.1,
    "cpu_to_haproxy": 1.15,
    "bytes_a_connection": 8 * 1024,
    "delay_error_p50_us": 150,
    "delay_error_p99_us": 1000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the server: its address, and the process in between, if there is one."""

    name: str
    address: TcpAddress
    pid: int | None


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run a throw-away PostgreSQL, and yield its connection string."""
    account, binaries = server_account(), find_binaries()
    as_account: dict[str, Any] = {"user": account.spawn_uid, "group": account.spawn_gid, "extra_groups": None if account.spawn_uid is None else []}
    with tempfile.TemporaryDirectory(prefix="fraiseql-chaos-bench-") as directory, contextlib.ExitStack() as stack:
        root = Path(directory)
        root.chmod(0o711)
        data = root / "data"
        data.mkdir(mode=0o700)
        shutil.chown(data, account.uid, account.gid)
        initdb: list[object] = [binaries.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"]
        subprocess.run([str(word) for word in initdb], check=True, stdout=subprocess.DEVNULL, timeout=DEADLINE_S, cwd="/", **as_account)
        port = free_port()
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        command: list[object] = [binaries.bin / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())]
        with (data / "log").open("wb") as log:
            stack.enter_context(process(command, stderr=log, cwd="/", **as_account))
        dsn = make_conninfo(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
        wait_for(lambda: answers(dsn), "PostgreSQL to answer")
        yield dsn


@contextlib.contextmanager
def our_proxy() -> Iterator[tuple[EdgeControl, int]]:
    """Run the edge proxy, and yield its control and its process id."""
    with tempfile.TemporaryDirectory(prefix="fraiseql-chaos-bench-") as directory:
        path = Path(directory) / "control"
        with process([sys.executable, "-m", "fraiseql_chaos.layers.wire.driver", "--control", path]) as pid:
            control = EdgeControl(path)
            control.wait_ready(seconds(DEADLINE_S))
            yield control, pid


@contextlib.contextmanager
def haproxy(upstream: TcpAddress) -> Iterator[Way]:
    """Run HAProxy in TCP mode with one thread, like ours, and yield the way through it."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener, tempfile.NamedTemporaryFile("w", suffix=".cfg") as config:
        config.write(
            "global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
            f"frontend edge\n  bind fd@{listener.fileno()}\n  default_backend server\nbackend server\n  server one {upstream}\n"
        )
        config.flush()
        with process(["haproxy", "-db", "-q", "-f", config.name], pass_fds=[listener.fileno()]) as pid:
            yield Way(name="HAProxy", address=address_of(listener), pid=pid)


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


def measure_round_trips(dsn: str, ways: list[Way], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return, for each way and round, p50 and p99 of ``SELECT 1`` and the processor time its proxy spent on one, all in microseconds."""
    p50s: dict[str, list[float]] = {way.name: [] for way in ways}
    p99s: dict[str, list[float]] = {way.name: [] for way in ways}
    cpu_us: dict[str, list[float]] = {way.name: [] for way in ways}
    with contextlib.ExitStack() as stack:
        connections = {way.name: stack.enter_context(connect(dsn, way.address)) for way in ways}
        for way in ways:
            round_trips_us(connections[way.name], QUERIES_A_ROUND)
        for _ in range(rounds):
            for way in random.sample(ways, len(ways)):
                before_s = cpu_s(way.pid)
                taken_us = round_trips_us(connections[way.name], QUERIES_A_ROUND)
                cpu_us[way.name].append((cpu_s(way.pid) - before_s) * 1e6 / QUERIES_A_ROUND)
                p50s[way.name].append(quantile(taken_us, 0.5))
                p99s[way.name].append(quantile(taken_us, 0.99))
    return {way.name: {"p50_us": p50s[way.name], "p99_us": p99s[way.name], "cpu_us": cpu_us[way.name]} for way in ways}


def measure_delay(control: EdgeControl) -> dict[str, dict[str, float]]:
    """
    Return, for each delay, how far echoes through a delaying edge were from those of a peer that answers exactly that late itself, in microseconds.

    A machine that has slept wakes late, proxy or not: a client that waits 20 ms for an answer wakes later than one that waits 50 us. So the
    yardstick is a client that sleeps as long, in turns with the other: its peer, on a direct way, watches the clock until the instant has come.
    ``echo_us`` and ``idle_edge_us`` are immediate echoes after as much silence, direct and through an edge without a fault. ``least_us``
    compares with the delay alone: if it is below 0, something came early.
    """
    outcome = {}
    for delay in DELAYS:
        with echoing(0) as prompt, echoing(delay.ns) as exact:
            plain = control.open(f"plain {delay}", upstream=prompt, seed=1)
            late = control.open(f"late {delay}", upstream=prompt, seed=1)
            control.arm(f"late {delay}", "latency", Latency(delay=delay))
            taken_us: dict[str, list[float]] = {"direct": [], "edge": [], "exact": [], "delayed": []}
            with contextlib.ExitStack() as stack:
                addresses = (prompt, plain, exact, late)
                clients = [stack.enter_context(socket.create_connection((to.host, to.port), DEADLINE_S)) for to in addresses]
                for client in clients:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    echo_us(client)
                for _ in range(DELAYED_QUERIES[delay]):
                    for name, client in random.sample(list(zip(taken_us, clients, strict=True)), len(clients)):
                        time.sleep(delay.s)
                        taken_us[name].append(echo_us(client))
        yardstick_us = statistics.median(taken_us["exact"])
        errors_us = [taken - yardstick_us for taken in taken_us["delayed"]]
        outcome[str(delay)] = {
            "echo_us": statistics.median(taken_us["direct"]),
            "idle_edge_us": statistics.median(taken_us["edge"]),
            "exact_beyond_p50_us": yardstick_us - delay.ns / 1e3,
            "exact_beyond_p99_us": quantile(taken_us["exact"], 0.99) - delay.ns / 1e3,
            "error_p50_us": quantile(errors_us, 0.5),
            "error_p99_us": quantile(errors_us, 0.99),
            "least_us": min(taken_us["delayed"]) - delay.ns / 1e3,
        }
    return outcome


@contextlib.contextmanager
def echoing(after_ns: int) -> Iterator[TcpAddress]:
    """Run a peer that echoes every byte exactly so long after it came, and yield where."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        script = f"""
import socket, threading, time
def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := client.recv(1):
        due_ns = time.monotonic_ns() + {after_ns}
        while time.monotonic_ns() < due_ns:
            pass
        client.sendall(data)
listener = socket.socket(fileno={listener.fileno()})
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
        with process([sys.executable, "-c", script], pass_fds=[listener.fileno()]):
            yield address_of(listener)


def echo_us(client: socket.socket) -> float:
    """Return how long a byte took to come back."""
    began_ns = time.perf_counter_ns()
    client.sendall(b"?")
    assert client.recv(1) == b"?"
    return (time.perf_counter_ns() - began_ns) / 1e3


def measure_memory(make_way: Callable[[TcpAddress], contextlib.AbstractContextManager[Way]]) -> float:
    """Return how many bytes of resident memory a proxy needs for each of many idle connections that have each been used once."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as server, make_way(address_of(server)) as way, contextlib.ExitStack() as stack:
        assert way.pid is not None
        warm_up(server, way, stack)
        before = resident_bytes(way.pid)
        for _ in range(CONNECTIONS):
            warm_up(server, way, stack)
        return (resident_bytes(way.pid) - before) / CONNECTIONS


def warm_up(server: socket.socket, way: Way, stack: contextlib.ExitStack) -> None:
    """Open a connection through a proxy and send one byte each way."""
    client = stack.enter_context(socket.create_connection((way.address.host, way.address.port), DEADLINE_S))
    accepted = stack.enter_context(server.accept()[0])
    client.sendall(b"?")
    accepted.recv(1)
    accepted.sendall(b"!")
    client.recv(1)


def round_trips_us(connection: psycopg.Connection, number: int) -> list[float]:
    """Return how long each of a number of ``SELECT 1`` took."""
    taken_us = []
    with connection.cursor() as cursor:
        for _ in range(number):
            began_ns = time.perf_counter_ns()
            cursor.execute("SELECT 1")
            taken_us.append((time.perf_counter_ns() - began_ns) / 1e3)
    return taken_us


def connect(dsn: str, address: TcpAddress) -> psycopg.Connection:
    """Connect to the server by one of the ways; a statement that is prepared half-way through would cost one query two round trips."""
    return psycopg.connect(
        make_conninfo(dsn, host=address.host, port=address.port), autocommit=True, prepare_threshold=None, connect_timeout=DEADLINE_S
    )


def answers(dsn: str) -> bool:
    """Tell whether a server answers."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def cpu_s(pid: int | None) -> float:
    """Return the processor time a process has used: its own clock (clock_getcpuclockid(3)), to the nanosecond, not /proc's hundredths."""
    return 0.0 if pid is None else time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"/proc/{pid}/smaps_rollup names no Rss")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return address_of(probe).port


def address_of(listener: socket.socket) -> TcpAddress:
    """Return where a socket listens."""
    host, port = listener.getsockname()
    return TcpAddress(host=host, port=port)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    give_up_s = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > give_up_s:
            raise SystemExit(f"waited {DEADLINE_S} s in vain for {what}")
        time.sleep(0.02)


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(dsn: str, rounds: int) -> dict[str, Any]:
    """Measure everything, and return the numbers."""
    parts = conninfo_to_dict(dsn)
    upstream = TcpAddress(host=str(parts["host"]), port=int(parts.get("port") or 5432))
    has_haproxy = shutil.which("haproxy") is not None
    with contextlib.ExitStack() as stack:
        control, pid = stack.enter_context(our_proxy())
        direct = Way(name="direct", address=upstream, pid=None)
        ours = Way(name="ours", address=control.open("bench", upstream=upstream, seed=1), pid=pid)
        reading = Way(name="reading", address=control.open("reading", upstream=upstream, seed=1, protocol="postgresql"), pid=pid)
        ways = [direct, ours, reading] + ([stack.enter_context(haproxy(upstream))] if has_haproxy else [])
        by_round = measure_round_trips(dsn, ways, rounds)
        delays = measure_delay(control)
    memory = {"ours": measure_memory(through_ours)} | ({"HAProxy": measure_memory(haproxy)} if has_haproxy else {})
    round_trips = {way: {what: statistics.median(values) for what, values in row.items()} for way, row in by_round.items()}
    return {"round_trips": round_trips, "delays": delays, "bytes_a_connection": memory, "ratios": ratios(by_round), "targets": TARGETS}


@contextlib.contextmanager
def through_ours(upstream: TcpAddress) -> Iterator[Way]:
    """Yield the way through a proxy of ours that has seen nothing yet."""
    with our_proxy() as (control, pid):
        yield Way(name="ours", address=control.open("memory", upstream=upstream, seed=1), pid=pid)


def ratios(by_round: Mapping[str, Mapping[str, list[float]]]) -> dict[str, float]:
    """Return the ratios that the targets speak of: each the median of the rounds' own, because the host differs from round to round."""

    def ratio(what: str, rival: str) -> float:
        return statistics.median(one / other for one, other in zip(by_round["ours"][what], by_round[rival][what], strict=True))

    found = {"round_trip_to_direct": ratio("p50_us", "direct")}
    if "HAProxy" in by_round:
        found |= {"round_trip_to_haproxy": ratio("p50_us", "HAProxy"), "cpu_to_haproxy": ratio("cpu_us", "HAProxy")}
    return found | {"reading_to_ours": 1 / ratio("p50_us", "reading"), "reading_cpu_to_ours": 1 / ratio("cpu_us", "reading")}


def show(outcome: Mapping[str, Any]) -> None:
    """Print the numbers as tables."""
    memory, direct_us = outcome["bytes_a_connection"], outcome["round_trips"]["direct"]["p50_us"]
    print(f"{'SELECT 1':<10}{'p50 us':>8}{'p99 us':>8}{'x direct':>10}{'proxy CPU us':>14}{'bytes a connection':>20}")
    for name, row in outcome["round_trips"].items():
        bytes_each = f"{memory[name]:.0f}" if name in memory else "-"
        print(f"{name:<10}{row['p50_us']:>8.1f}{row['p99_us']:>8.1f}{row['p50_us'] / direct_us:>10.2f}{row['cpu_us']:>14.1f}{bytes_each:>20}")
    if "HAProxy" not in memory:
        print(WITHOUT_HAPROXY)
    print(
        f"\n{'delay':<10}{'p50 error us':>14}{'p99 error us':>14}{'least us':>10}{'exact beyond us':>17}{'its p99':>10}{'echo us':>10}{'by edge us':>12}"
    )
    for delay, row in outcome["delays"].items():
        print(
            f"{delay:<10}{row['error_p50_us']:>14.0f}{row['error_p99_us']:>14.0f}{row['least_us']:>10.0f}{row['exact_beyond_p50_us']:>17.0f}"
            f"{row['exact_beyond_p99_us']:>10.0f}{row['echo_us']:>10.0f}{row['idle_edge_us']:>12.0f}"
        )
    print("\nReading PostgreSQL's messages, as the rig's database edges do, against not reading them:")
    print(f"round trip x {outcome['ratios']['reading_to_ours']:.2f}, processor time a query x {outcome['ratios']['reading_cpu_to_ours']:.2f}")
    worst = {f"delay_error_{p}_us": max(row[f"error_{p}_us"] for row in outcome["delays"].values()) for p in ("p50", "p99")}
    reached = outcome["ratios"] | {"bytes_a_connection": memory["ours"]} | worst
    print(f"\n{'target':<24}{'at most':>10}{'measured':>10}")
    for name, at_most in TARGETS.items():
        if name in reached:
            print(f"{name:<24}{at_most:>10g}{reached[name]:>10.2f}  {'reached' if reached[name] <= at_most else 'MISSED'}")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--dsn", help="a PostgreSQL to use, reached over TCP without TLS (default: start one)")
    arguments = parser.parse_args()
    with contextlib.nullcontext(arguments.dsn) if arguments.dsn else postgres() as dsn:
        outcome = run(dsn, arguments.rounds)
    if arguments.json:
        print(json.dumps(outcome, indent=2))
    else:
        show(outcome)


if __name__ == "__main__":
    main()
