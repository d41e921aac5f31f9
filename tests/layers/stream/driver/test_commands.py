"""Whatever comes in over the control socket is answered, and the proxy lives on."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from fraiseql_chaos.control import LINE_BYTES_MAX
from layers.stream.edges import DEADLINE_S, Edge, Proxy

GARBAGE = {
    "not JSON": b"hello?\n",
    "not UTF-8": b"\xff\xfe\x00\n",
    "empty": b"\n",
    "a list": b"[]\n",
    "no command": b"{}\n",
    "an unknown command": b'{"do":"explode"}\n',
    "a command with too little": b'{"do":"arm","edge":"database"}\n',
    "a command with too much": b'{"do":"ping","please":true}\n',
    "a value of the wrong type": b'{"do":"ledger","edge":7}\n',
    "nested too deeply": b"[" * (LINE_BYTES_MAX - 1) + b"\n",
    "an endless line": b"x" * (LINE_BYTES_MAX + 1),
    "hits from before the first": b'{"do":"hits","edge":"x","since":-1}\n',
    "no address": b'{"do":"open","edge":"x","upstream":{"port":1},"seed":1,"protocol":"bytes"}\n',
}


def say(proxy: Proxy, line: bytes) -> Any:
    """Send bytes to the control socket, and return the first answer."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(str(proxy.path))
        sock.sendall(line)
        with sock.makefile("rb") as answers:
            return json.loads(answers.readline())


def arm(edge: Edge, fault: object) -> bytes:
    return json.dumps({"do": "arm", "edge": edge.name, "fault_id": "0", "dice": "0", "fault": fault}).encode() + b"\n"


@pytest.mark.parametrize("line", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_in_words_and_does_not_end_the_proxy(proxy: Proxy, line: bytes) -> None:
    refusal = say(proxy, line)["error"]
    assert refusal["whose"] == "protocol"
    assert refusal["message"]
    assert say(proxy, b'{"do":"ping"}\n') == {"ok": {"pid": proxy.process.pid}}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "storm", "parameters": {}}, "hang, latency, limit"),
        ({"kind": "latency", "parameters": {"delay_ms": -1}}, "negative"),
        ({"kind": "latency", "parameters": {"delay_ms": "long"}}, "finite number"),
        ({"kind": "latency", "parameters": {"delay_ms": 1, "direction": "sideways"}}, "direction is one of"),
    ],
)
def test_a_meaningless_fault_is_refused_and_not_armed(proxy: Proxy, edge: Edge, fault: object, words: str) -> None:
    refusal = say(proxy, arm(edge, fault))["error"]
    assert refusal["whose"] == "declaration"
    assert words in refusal["message"]
    assert "not " not in say(proxy, arm(edge, {"kind": "refuse", "parameters": {}})), "the id must still be free"


def test_a_client_may_send_many_lines_at_once_and_in_parts(proxy: Proxy) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(str(proxy.path))
        sock.sendall(b'{"do":"ping"}\n{"do":"pi')
        sock.sendall(b'ng"}\n')
        with sock.makefile("rb") as answers:
            assert [json.loads(answers.readline()) for _ in range(2)] == [{"ok": {"pid": proxy.process.pid}}] * 2


def test_who_is_not_the_owner_may_not_command(proxy: Proxy) -> None:
    assert proxy.path.stat().st_mode & 0o077 == 0
