"""
Toxiproxy's own clients, unchanged, against a server of ours: what they print must be what they printed against Toxiproxy 2.12.

    toxiproxy-python 0.1.1          a program that walks through the client; its output against Toxiproxy was recorded
    toxiproxy-node-client 4.1.0     likewise
    chaostoolkit-toxiproxy 0.3.1    an experiment of the Chaos Toolkit, with every action and probe that the extension has, on real traffic

``make test`` installs them, each as locked, into ``.cache/toxiproxy-clients`` (``scripts/toxiproxy-clients.sh``).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toxiproxy.servers import DEADLINE_S, Ports, Server, echoing, serving

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".cache" / "toxiproxy-clients"
TAKES_AT_MOST_S = 60


@pytest.fixture(scope="module", autouse=True)
def clients() -> None:
    """Have the clients, also when these tests are run alone."""
    subprocess.run(["sh", str(ROOT / "scripts" / "toxiproxy-clients.sh")], check=True, timeout=300)


@pytest.fixture(params=[(), ("--compat",)], ids=["ours", "compat"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(*request.param) as server:
        yield server


@pytest.fixture
def upstream() -> Iterator[int]:
    with echoing() as port:
        yield port


@pytest.fixture
def ports(upstream: int) -> Iterator[Ports]:
    with contextlib.closing(Ports(upstream)) as ports:
        yield ports


def printed(*command: str, environment: dict[str, str] | None = None) -> str:
    """Run a program, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TAKES_AT_MOST_S, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def differences(ports: Ports, wanted: str, seen: str) -> list[str]:
    """Compare line by line, the ports that the kernel chose being learned on the way."""
    lines, actual = wanted.strip().splitlines(), seen.strip().splitlines()
    wrong = []
    for line, got in zip(lines, actual, strict=False):
        ports.learn(ports.filled(line), got)
        if ports.filled(line) != got:
            wrong.append(f"{got!r}, not {ports.filled(line)!r}")
    return wrong if len(lines) == len(actual) else [*wrong, f"{len(actual)} lines, not {len(lines)}: {seen}"]


PYTHON_FLOW = r"""
import sys

from toxiproxy import Toxiproxy
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

host, port, upstream, listen = sys.argv[1:]
server = Toxiproxy()
server.update_api_consumer(host, int(port))
print("running", server.running(), "version", server.version())
redis = server.create(upstream=upstream, name="redis")
print("create", redis.name, redis.listen, redis.enabled)
redis.add_toxic(type="latency", attributes={"latency": 100, "jitter": 5})
redis.add_toxic(name="bw", type="bandwidth", stream="upstream", toxicity=0.5, attributes={"rate": 10})
print("toxics", sorted(redis.toxics()), redis.get_toxic("bw").attributes)
print("destroy_toxic", redis.destroy_toxic("bw"))
with redis.down():
    print("down", server.get_proxy("redis").enabled)
print("up", server.get_proxy("redis").enabled)
print("populate", [proxy.name for proxy in server.populate([{"name": "a", "listen": listen, "upstream": upstream}])])
for expected, act in (
    (InvalidToxic, lambda: redis.add_toxic(type="nope")),
    (ProxyExists, lambda: server.create(upstream=upstream, name="redis")),
    (NotFound, lambda: redis.destroy_toxic("zz")),
):
    try:
        act()
    except expected as error:
        print(expected.__name__, error)
print("reset", server.reset())
server.destroy_all()
print(server.proxies())
"""

PYTHON_PRINTED = r"""
running True version b'{"version": "2.12.0"}\n'
create redis 127.0.0.1:<redis> True
toxics ['bw', 'latency_downstream'] {'rate': 10}
destroy_toxic True
down False
up True
populate ['a']
InvalidToxic b'{"error":"invalid toxic type","status":400}\n'
ProxyExists This proxy already exists.
NotFound b'{"error":"toxic not found","status":404}\n'
reset True
{}
"""


def test_toxiproxy_python_prints_what_it_printed_against_toxiproxy(server: Server, ports: Ports, upstream: int) -> None:
    """Creating, toxics, down and up, populating, its three exceptions, resetting, destroying."""
    python = str(CLIENTS / "python" / "bin" / "python")
    seen = printed(python, "-c", PYTHON_FLOW, server.host, str(server.port), f"127.0.0.1:{upstream}", ports.filled("127.0.0.1:<7201>"))
    assert differences(ports, PYTHON_PRINTED, seen) == []


NODE_FLOW = r"""
const {Toxiproxy} = require("toxiproxy-node-client");

const say = (what, value) => console.log(what, JSON.stringify(value));

(async () => {
  const [url, upstream] = process.argv.slice(1);
  const server = new Toxiproxy(url);
  say("version", await server.getVersion());
  const redis = await server.createProxy({listen: "localhost:0", name: "redis", upstream});
  say("create", redis.toJson());
  const bandwidth = await redis.addToxic({attributes: {rate: 1000}, type: "bandwidth"});
  say("addToxic", bandwidth.toJson());
  const latency = {attributes: {latency: 100, jitter: 5}, type: "latency", name: "lat", stream: "upstream", toxicity: 0.5};
  say("addToxic2", (await redis.addToxic(latency)).toJson());
  const toxic = await redis.getToxic("lat");
  say("getToxic", toxic.toJson());
  say("toxic.update", (await toxic.update({attributes: {latency: 5, jitter: 0}})).toJson());
  say("get", (await server.get("redis")).toJson());
  say("proxy.update", (await redis.update({enabled: false, listen: redis.listen, upstream})).toJson());
  await bandwidth.remove();
  await server.reset();
  say("getAll", Object.keys(await server.getAll()));
  say("populate", Object.keys(await server.populate(["a", "b"].map(name => ({name, listen: "localhost:0", upstream})))));
  await server.createProxy({listen: "localhost:0", name: "redis", upstream}).catch(error => say("dup", error.message));
  await server.get("nope").catch(error => say("missing", error.message));
  for (const proxy of Object.values(await server.getAll())) await proxy.remove();
})();
"""

NODE_PRINTED = r"""
version "{\"version\": \"2.12.0\"}\n"
create {"enabled":true,"listen":"127.0.0.1:<redis>","name":"redis","upstream":"127.0.0.1:<upstream>"}
addToxic {"attributes":{"rate":1000},"name":"bandwidth_downstream","stream":"downstream","toxicity":1,"type":"bandwidth"}
addToxic2 {"attributes":{"latency":100,"jitter":5},"name":"lat","stream":"upstream","toxicity":0.5,"type":"latency"}
getToxic {"attributes":{"latency":100,"jitter":5},"name":"lat","stream":"upstream","toxicity":0.5,"type":"latency"}
toxic.update {"attributes":{"latency":5,"jitter":0},"name":"lat","stream":"upstream","toxicity":0.5,"type":"latency"}
get {"enabled":true,"listen":"127.0.0.1:<redis>","name":"redis","upstream":"127.0.0.1:<upstream>"}
proxy.update {"enabled":false,"listen":"127.0.0.1:<redis>","name":"redis","upstream":"127.0.0.1:<upstream>"}
getAll ["redis"]
populate ["a","b"]
dup "Request failed with status code 409"
missing "Request failed with status code 404"
"""


@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="node or npm is missing; on Debian: apt-get install nodejs npm")
def test_toxiproxy_node_client_prints_what_it_printed_against_toxiproxy(server: Server, ports: Ports, upstream: int) -> None:
    """Every method that its classes have."""
    node = shutil.which("node") or "node"
    modules = {"NODE_PATH": str(CLIENTS / "node" / "node_modules")}
    seen = printed(node, "-e", NODE_FLOW, server.url, f"127.0.0.1:{upstream}", environment=modules)
    assert differences(ports, NODE_PRINTED, seen) == []


CHAOSTOOLKIT_FLOW = r"""
import json
import socket
import sys
import time

from chaoslib.experiment import run_experiment

url, upstream_port, timings = sys.argv[1], sys.argv[2], []


def calls(module, *steps):
    for name, arguments, *tolerance in steps:
        kind = "probe" if "probes" in module else "action"
        provider = {"type": "python", "module": module, "func": name, "arguments": arguments}
        yield {"type": kind, "name": name, "provider": provider, **({"tolerance": tolerance[0]} if tolerance else {})}


proxy, toxic, probes = "chaostoxi.proxy.actions", "chaostoxi.toxic.actions", "chaostoxi.proxy.probes"
on = {"for_proxy": "db"}
round_trip = {"type": "probe", "name": "round trip", "provider": {"type": "process", "path": sys.executable, "arguments": ["-c", '''
import os, socket, time
took = []
for _ in range(5):
    with socket.create_connection(("127.0.0.1", int(os.environ["db_PORT"])), 10) as near:
        began = time.monotonic()
        near.sendall(b"ping")
        assert near.makefile("rb").read(4) == b"ping"
        took.append(time.monotonic() - began)
print(min(took))
''']}}
method = [
    *calls(proxy, ("create_proxy", {"proxy_name": "db", "upstream_host": "127.0.0.1", "upstream_port": upstream_port, "listen_host": "127.0.0.1"})),
    *calls(probes, ("proxy_exist", {"proxy_name": "db"}), ("get_proxy_attribute", {"proxy_name": "db", "attribute": "enabled"})),
    round_trip,
    *calls(
        toxic,
        ("create_latency_toxic", {**on, "toxic_name": "late", "latency": 200, "jitter": 0}),
    ),
    round_trip,
    *calls(
        toxic,
        ("create_bandwith_degradation_toxic", {**on, "toxic_name": "narrow", "rate": 1000}),
        ("create_slow_connection_close_toxic", {**on, "toxic_name": "slow", "delay": 5}),
        ("create_slicer_toxic", {**on, "toxic_name": "sliced", "average_size": 2, "size_variation": 1, "delay": 10}),
        ("create_limiter_toxic", {**on, "toxic_name": "limited", "bytes_limit": 4}),
        ("create_toxic", {**on, "toxic_name": "own", "toxic_type": "latency", "stream": "upstream", "toxicity": 0.5, "attributes": {"latency": 1}}),
        ("delete_toxic", {**on, "toxic_name": "late"}),
    ),
    round_trip,
    *calls(toxic, ("create_timeout_toxic", {**on, "toxic_name": "silent", "timeout": 1})),
    *calls(
        proxy,
        ("disable_proxy", {"proxy_name": "db"}),
        ("enable_proxy", {"proxy_name": "db"}),
        ("modify_proxy", {"proxy_name": "db", "listen_address": "127.0.0.1:0"}),
        ("reset", {}),
    ),
    round_trip,
    *calls(proxy, ("delete_proxy", {"proxy_name": "db"})),
    *calls(probes, ("proxy_exist", {"proxy_name": "db"})),
]
experiment = {"title": "t", "description": "d", "configuration": {"toxiproxy_url": url}, "method": method, "rollbacks": []}
journal = run_experiment(experiment)
print(json.dumps([[step["activity"]["name"], step["status"], step["output"]] for step in journal["run"]]))
"""


def test_an_experiment_of_the_chaos_toolkit_does_what_it_says(server: Server, upstream: int) -> None:
    """
    Every step succeeds; the round trips through the proxy are quick, then 200 ms late, then quick again, through a slicer and a limit, too.

    Method: of five the quickest counts, because a machine may stand still in one.
    """
    python = str(CLIENTS / "python" / "bin" / "python")
    steps: list[list[Any]] = json.loads(printed(python, "-c", CHAOSTOOLKIT_FLOW, server.url, str(upstream)))
    assert [step for step in steps if step[1] != "succeeded"] == []
    assert [output for name, _, output in steps if name == "proxy_exist"] == [True, False]
    trips = [output for name, _, output in steps if name == "round trip"]
    assert [trip["status"] for trip in trips] == [0] * 4, trips
    healthy, late, *others = (float(trip["stdout"]) for trip in trips)
    assert late >= 0.2
    assert max(healthy, *others) < 0.2
    assert late < DEADLINE_S
