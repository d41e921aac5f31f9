"""
Every answer that Toxiproxy 2.12 was seen to give, asked for again, in the same order, from a process of ours.

``transcript.jsonl`` is the recording: a line for each exchange. Ports are named instead of numbered, dates and request ids left out. Where ours
is meant to answer otherwise unless told ``--compat``, the line says what ours says.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toxiproxy.servers import Ports, Server, echoing, serving

TRANSCRIPT = [json.loads(line) for line in (Path(__file__).parent / "transcript.jsonl").read_text(encoding="utf-8").splitlines()]
REQUEST_ID = re.compile(r"[0-9a-v]{20}")


@pytest.fixture(params=[(), ("--compat",)], ids=["ours", "compat"])
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    chosen: tuple[str, ...] = request.param
    return chosen


@pytest.fixture
def server(options: tuple[str, ...]) -> Iterator[Server]:
    with serving("--metrics", *options) as server:
        yield server


@pytest.fixture
def ports() -> Iterator[Ports]:
    with echoing() as upstream, contextlib.closing(Ports(upstream)) as ports:
        yield ports


def entries(flow: str) -> list[dict[str, Any]]:
    """Return one conversation of the recording."""
    return [entry for entry in TRANSCRIPT if entry["flow"] == flow]


def here(text: str) -> str:
    """Return an answer as a machine without IPv6 gives it, if this is one."""
    return text if socket.has_dualstack_ipv6() else text.replace("[::]", "0.0.0.0")  # noqa: S104  it is what such a machine answers


def replay(server: Server, ports: Ports, entry: dict[str, Any], *, is_compatible: bool) -> list[str]:
    """Ask again, and return what was answered otherwise."""
    request, response = entry["request"], {**entry["response"], **({} if is_compatible else entry.get("ours", {}))}
    body = request.get("body")
    answer = server.call(request["method"], request["path"], None if body is None else ports.filled(body), request.get("headers"))
    expected = ports.filled(here(response["body"]))
    ports.learn(expected, answer.body)
    seen = {"status": answer.status, "body": answer.body}
    wanted = {"status": response["status"], "body": ports.filled(expected)}
    if "content_type" in response:
        seen |= {"content_type": answer.headers["Content-Type"], "nosniff": answer.headers["X-Content-Type-Options"] == "nosniff"}
        wanted |= {"content_type": response["content_type"], "nosniff": response.get("nosniff", False)}
    elif not wanted["body"].endswith("\n"):
        seen["body"] = answer.body.rstrip("\n")  # The clients' own flows were recorded without the end of the line.
    where = f"{request['method']} {request['path']} {entry.get('note', '')}"
    return [f"{where}: {key} is {seen[key]!r}, not {wanted[key]!r}" for key in wanted if seen[key] != wanted[key]]


@pytest.mark.parametrize("flow", ["api", "node", "python"])
def test_every_recorded_answer_is_given_again(server: Server, ports: Ports, options: tuple[str, ...], flow: str) -> None:
    """In the recorded order, because each request builds on those before it; all differences are shown at once."""
    conversation = entries(flow)
    wrong = [line for entry in conversation for line in replay(server, ports, entry, is_compatible=bool(options))]
    assert len(conversation) >= 18
    assert wrong == []


def test_metrics_look_as_recorded(server: Server, ports: Ports) -> None:
    """Eight bytes up and one down were recorded; here the upstream echoes, so eight go each way."""
    (entry,) = entries("metrics")
    created = server.call("POST", "/proxies", ports.filled('{"name": "pg", "listen": "127.0.0.1:<7101>", "upstream": "127.0.0.1:<upstream>"}'))
    assert created.status == 201
    assert server.call("GET", "/metrics").body == "", "nobody has connected yet"
    host, _, port = created.json["listen"].rpartition(":")
    with socket.create_connection((host, int(port)), 10) as near:
        near.sendall(b"12345678")
        assert near.makefile("rb").read(8) == b"12345678"
    expected = re.sub(r" 1$", " 8", ports.filled(entry["response"]["body"]), flags=re.MULTILINE)
    answer = server.call("GET", "/metrics")
    assert answer.body == expected
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_what_is_routed_has_a_request_id_of_its_own(server: Server) -> None:
    """Twenty characters, on answers and errors; pages that the router itself refuses have none."""
    routed = [server.call("GET", path).headers["X-Toxiproxy-Request-Id"] for path in ("/version", "/proxies", "/proxies/none")]
    assert [bool(REQUEST_ID.fullmatch(given)) for given in routed] == [True] * 3
    assert len(set(routed)) == 3
    assert server.call("GET", "/nope").headers["X-Toxiproxy-Request-Id"] is None
    assert server.call("PUT", "/proxies").headers["X-Toxiproxy-Request-Id"] is None
