"""
The process: that what toxics say happens to real connections, that nothing keeps the API from answering, and that it ends as it is told.

Toxics are watched from outside, by both ends of a connection through a proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.edge import Edge
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.model import TcpAddress
from fraiseql_chaos.toxiproxy import Toxiproxy
from fraiseql_chaos.toxiproxy.api import Api
from fraiseql_chaos.toxiproxy.driver import ApiServer, lookup
from toxiproxy.edges import bench, run
from toxiproxy.servers import DEADLINE_S, Server, echoing, serving

PROMPT_S = DEADLINE_S
"""What an API call takes at most here, however busy the machine is; held up by a connection, it would take for ever."""


@pytest.fixture(scope="module")
def ours() -> Iterator[Server]:
    with serving("--seed", "7") as server:
        yield server


@pytest.fixture(scope="module")
def theirs() -> Iterator[Server]:
    with serving("--compat") as server:
        yield server


@pytest.fixture
def upstream() -> Iterator[int]:
    with echoing() as port:
        yield port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_S)
        yield listener


NUMBER = iter(range(10**6))


def fresh(server: Server, upstream: int) -> tuple[str, tuple[str, int]]:
    """Create a proxy with a name of its own, and return both its name and where it listens."""
    name = f"p{next(NUMBER)}"
    return name, server.proxy(name, upstream)


def exchange(address: tuple[str, int], data: bytes = b"ping") -> bytes:
    """Send bytes, and return what comes back until all has or the connection ends."""
    with socket.create_connection(address, DEADLINE_S) as near:
        near.sendall(data)
        return near.makefile("rb").read(len(data))


def ending(near: socket.socket) -> str:
    """Wait for a connection's end, and return how it ended."""
    try:
        return "FIN" if near.recv(1) == b"" else "bytes"
    except ConnectionResetError:
        return "RST"


@pytest.mark.parametrize("type_", ["latency", "slow_close", "slicer", "noop"])
def test_a_toxic_without_attributes_lets_everything_pass(ours: Server, theirs: Server, upstream: int, type_: str) -> None:
    """A slicer without sizes ends Toxiproxy's whole process."""
    for server in (ours, theirs):
        name, address = fresh(server, upstream)
        server.toxic(name, type_)
        assert exchange(address, b"x" * 100_000) == b"x" * 100_000
        assert server.call("GET", "/version").status == 200


def test_latency_is_added_and_taken_away(ours: Server, theirs: Server, upstream: int) -> None:
    for server in (ours, theirs):
        name, address = fresh(server, upstream)
        server.toxic(name, "latency", {"latency": 150})
        began = time.monotonic()
        assert exchange(address) == b"ping"
        assert time.monotonic() - began >= 0.15
        assert server.call("DELETE", f"/proxies/{name}/toxics/latency_downstream").status == 204
        assert exchange(address) == b"ping"


def test_a_limit_ends_the_connection_behind_its_last_byte(ours: Server, theirs: Server, upstream: int) -> None:
    for server in (ours, theirs):
        name, address = fresh(server, upstream)
        server.toxic(name, "limit_data", {"bytes": 3})
        assert exchange(address) == b"pin"


def test_a_bandwidth_counts_kilobytes_in_a_second(ours: Server, theirs: Server, upstream: int) -> None:
    """30 kB at 100 kB/s take 0.3 s at least; and come whole."""
    for server in (ours, theirs):
        name, address = fresh(server, upstream)
        server.toxic(name, "bandwidth", {"rate": 100})
        began = time.monotonic()
        assert exchange(address, b"x" * 30_000) == b"x" * 30_000
        assert time.monotonic() - began >= 0.28


def test_a_disabled_proxy_refuses_and_a_reset_enables_it(ours: Server, upstream: int) -> None:
    name, address = fresh(ours, upstream)
    ours.call("PATCH", f"/proxies/{name}", {"enabled": False})
    with pytest.raises(ConnectionRefusedError):
        exchange(address)
    assert ours.call("POST", "/reset").status == 204
    assert exchange(address) == b"ping"


@contextlib.contextmanager
def idle(address: tuple[str, int], listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a connection on which a byte has gone each way, and nothing more will."""
    with socket.create_connection(address, DEADLINE_S) as near:
        far, _ = listener.accept()
        with far:
            far.settimeout(DEADLINE_S)
            for one, other in ((near, far), (far, near)):
                one.sendall(b"!")
                assert other.recv(1) == b"!"
            yield near, far


def test_a_reset_reaches_idle_connections_from_before_it_at_both_ends(ours: Server, listener: socket.socket) -> None:
    name, address = fresh(ours, listener.getsockname()[1])
    with idle(address, listener) as (near, far):
        ours.toxic(name, "reset_peer")
        assert (ending(near), ending(far)) == ("RST", "RST")


def test_toxiproxys_misses_them_and_says_farewell_instead(theirs: Server, listener: socket.socket) -> None:
    """Until a byte comes; and one opened afterwards gets the RST."""
    name, address = fresh(theirs, listener.getsockname()[1])
    with idle(address, listener) as (near, far):
        theirs.toxic(name, "reset_peer")
        far.sendall(b"x")
        assert ending(near) == "FIN"
    with socket.create_connection(address, DEADLINE_S) as near:
        far, _ = listener.accept()
        with far:
            far.sendall(b"x")
            assert ending(near) == "RST"


def test_a_timeout_swallows_and_its_change_cuts_nothing(ours: Server, theirs: Server, listener: socket.socket) -> None:
    """Set to never, then to soon: the connection ends soon after the change, and not by it."""
    for server in (ours, theirs):
        name, address = fresh(server, listener.getsockname()[1])
        with idle(address, listener) as (near, far):
            server.toxic(name, "timeout", {"timeout": 0})
            far.sendall(b"lost")
            began = time.monotonic()
            server.call("PATCH", f"/proxies/{name}/toxics/timeout_downstream", {"attributes": {"timeout": 200}})
            assert ending(near) in {"FIN", "RST"}
            assert time.monotonic() - began >= 0.2


def test_the_same_seed_hits_the_same_connections(upstream: int) -> None:
    """And a neighbour that is added between two runs changes nothing; without the seed, --compat gives others."""

    def cut(server: Server, *, neighbour: bool) -> list[bool]:
        address = server.proxy("db", upstream)
        if neighbour:
            server.toxic("db", "latency", {"latency": 1}, name="first", toxicity=0.5)
        server.toxic("db", "limit_data", {"bytes": 1}, toxicity=0.5)
        found = [exchange(address) != b"ping" for _ in range(40)]
        assert server.call("DELETE", "/proxies/db").status == 204
        return found

    with serving("--seed", "7") as server:
        first = cut(server, neighbour=False)
        assert cut(server, neighbour=True) == first
    with serving("--seed", "7") as server:
        assert cut(server, neighbour=False) == first
    with serving("--seed", "7", "--compat") as server:
        assert cut(server, neighbour=False) != first
    assert 5 < sum(first) < 35


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """Yield the port of a server whose kernel answers no SYN: a queue of one place, which is taken."""
    with socket.socket() as server, contextlib.ExitStack() as fillers:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003  the standard library takes no name here
            with contextlib.suppress(BlockingIOError):
                filler.connect(server.getsockname())
        yield server.getsockname()[1]


@pytest.mark.parametrize("options", [(), ("--compat",)], ids=["ours", "compat"])
def test_no_connection_keeps_the_api_from_answering(upstream: int, options: tuple[str, ...]) -> None:
    """With connects that hang on the upstream, and connections that hang in toxics full of bytes, every call is answered at once."""
    with serving(*options) as server, silent() as nobody, contextlib.ExitStack() as hanging:
        dead = server.proxy("dead", nobody)
        for _ in range(3):
            hanging.enter_context(socket.create_connection(dead, DEADLINE_S))
        for name, type_, attributes in (
            ("hole", "timeout", {"timeout": 0}),
            ("held", "bandwidth", {"rate": 0}),
            ("late", "latency", {"latency": 10**9}),
        ):
            address = server.proxy(name, upstream)
            server.toxic(name, type_, attributes, stream="upstream", name="t")
            near = hanging.enter_context(socket.create_connection(address, DEADLINE_S))
            near.setblocking(False)  # noqa: FBT003  the standard library takes no name here
            with contextlib.suppress(BlockingIOError):
                for _ in range(200):
                    near.send(b"x" * 2**16)
        calls: list[tuple[str, str, Any]] = [("GET", "/proxies", None), ("PATCH", "/proxies/dead", {"upstream": "127.0.0.1:1"})]
        calls += [
            ("PATCH", f"/proxies/{name}/toxics/t", {"attributes": {"latency": 10**9, "timeout": 10**9, "rate": 0}})
            for name in ("hole", "held", "late")
        ]
        calls += [("DELETE", f"/proxies/{name}/toxics/t", None) for name in ("hole", "held")]
        calls += [("PATCH", "/proxies/held", {"enabled": False}), ("POST", "/reset", None), ("DELETE", "/proxies/dead", None)]
        for method, path, body in calls:
            began = time.monotonic()
            assert server.call(method, path, body).status in {200, 204}, path
            assert time.monotonic() - began < PROMPT_S, path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_as_it_is_told_and_takes_its_connections_with_it(upstream: int, number: int) -> None:
    """With a connection open and a call half sent, which it does not wait for."""
    with serving() as server:
        address = server.proxy("db", upstream)
        with socket.create_connection(address, DEADLINE_S) as near, socket.create_connection((server.host, server.port), DEADLINE_S) as calling:
            calling.sendall(b"POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            near.sendall(b"ping")
            assert near.makefile("rb").read(4) == b"ping"
            server.process.send_signal(number)
            assert server.process.wait(DEADLINE_S) == 0
            assert ending(near) in {"FIN", "RST"}


def started(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "proxy", "--listen", "127.0.0.1:0", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_configuration_is_there_from_the_start(tmp_path: Path, upstream: int) -> None:
    """With its toxics in ours, and without them in Toxiproxy's."""
    proxy = {
        "name": "db",
        "listen": "127.0.0.1:0",
        "upstream": f"localhost:{upstream}",
        "toxics": [{"type": "limit_data", "attributes": {"bytes": 3}}],
    }
    path = tmp_path / "f.json"
    path.write_text(json.dumps([proxy]), encoding="utf-8")
    for options, back in (((), b"pin"), (("--compat",), b"ping")):
        with serving("--config", str(path), *options) as server:
            host, _, port = server.ready["proxies"]["db"].rpartition(":")
            assert exchange((host, int(port))) == back


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"upstream": "nobody.invalid:1"}, 4, "proxy 'db' leads to nobody.invalid:1, and nobody.invalid is unknown"),
        (
            {"listen": "203.0.113.1:0"},
            4,
            "proxy 'db' cannot listen on '203.0.113.1:0': listen tcp 203.0.113.1:0: bind: cannot assign requested address",
        ),
        ({"listen": "nonsense"}, 4, "proxy 'db' cannot listen on 'nonsense': address nonsense: missing port in address"),
        ({"name": ""}, 2, "missing required field: name at proxy 1"),
    ],
)
def test_a_configuration_that_cannot_be_had_is_one_line_and_a_status(tmp_path: Path, fields: dict[str, str], status: int, message: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps([{"name": "db", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", **fields}]), encoding="utf-8")
    done = started("--config", str(path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1), done.stderr
    assert message in done.stderr
    assert "nothing was started" in done.stderr


def test_a_rig_serves_edges_of_its_own_in_its_own_process() -> None:
    """On the loop that it is started on, over an edge that was opened elsewhere, armed and healed by our own client."""

    async def check() -> None:
        async with bench() as here:
            loop = asyncio.get_running_loop()
            edge = Edge(loop, Alarm(loop), upstream=TcpAddress(host="127.0.0.1", port=here.upstream.getsockname()[1]), seed=7, held_bytes_limit=2**20)
            server = ApiServer(Api(here.proxies, lookup))
            here.proxies.adopt("database", edge)
            address = await server.start()

            def arm_and_heal() -> list[str]:
                proxy = Toxiproxy(f"http://{address}").proxy("database")
                with proxy.armed(Latency(delay=ms(1))):
                    return [toxic.type for toxic in here.proxies.get("database").toxics]

            assert await asyncio.to_thread(arm_and_heal) == ["latency"]
            assert here.proxies.get("database").toxics == []
            await server.close()
            edge.close()

    run(check)


def test_a_host_is_looked_up_as_an_ipv4_address_if_it_has_one() -> None:
    assert asyncio.run(lookup("localhost")) == "127.0.0.1"
    with pytest.raises(OSError, match=r".+"):
        asyncio.run(lookup("nobody.invalid"))


def test_a_body_without_end_is_refused(ours: Server) -> None:
    """A limit on what can grow: Toxiproxy has none."""
    assert ours.call("POST", "/populate", "[" + " " * 2**20 + "]").status == 413


def test_a_client_that_hangs_up_half_way_harms_nobody(ours: Server) -> None:
    with socket.create_connection((ours.host, ours.port), DEADLINE_S) as calling:
        calling.sendall(b"POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        calling.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ours.call("GET", "/version").status == 200


@pytest.mark.parametrize(
    "words", [b"GARBAGE\r\n\r\n", b"GET /version HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\x05hello", b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n"]
)
def test_what_is_no_http_is_told_to_who_sent_it_and_to_nobody_else(words: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """A stack for each would fill a disk with whatever a stranger sends."""
    with serving() as server:
        with socket.create_connection((server.host, server.port), DEADLINE_S) as stranger:
            stranger.sendall(words)
            assert stranger.recv(12).endswith(b" 400")
        assert server.call("GET", "/version").status == 200
        server.process.terminate()
        assert server.process.wait(DEADLINE_S) == 0
    assert capfd.readouterr().err == ""
