"""A process that serves the API, and what tests need around it: an upstream, reserved ports, a plain HTTP client."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DEADLINE_S = 10
PLACEHOLDER = re.compile(r"<(\w+)>")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Server:
    """A running server of the API."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["api"])

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask; a body that is no string is sent as JSON."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        with contextlib.closing(connection):
            sent = body if isinstance(body, str | None) else json.dumps(body)
            connection.request(method, path, None if sent is None else sent.encode(), dict(headers or {}))
            answer = connection.getresponse()
            return Answer(status=answer.status, headers=answer.headers, body=answer.read().decode())

    def proxy(self, name: str, upstream: int, **fields: Any) -> tuple[str, int]:
        """Create a proxy in front of a local port, and return where it listens."""
        answer = self.call("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}", **fields})
        assert answer.status == 201, answer.body
        host, _, port = answer.json["listen"].rpartition(":")
        return host, int(port)

    def toxic(self, proxy: str, type_: str, attributes: Mapping[str, int] | None = None, **fields: Any) -> dict[str, Any]:
        """Add a toxic."""
        answer = self.call("POST", f"/proxies/{proxy}/toxics", {"type": type_, "attributes": attributes or {}, **fields})
        assert answer.status == 200, answer.body
        toxic: dict[str, Any] = answer.json
        return toxic


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Run ``fraiseql-chaos proxy`` for the length of the block."""
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "proxy", "--listen", "127.0.0.1:0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(process=process, ready=json.loads(process.stdout.readline()))
        finally:
            process.kill()


class Echo(socketserver.BaseRequestHandler):
    """Sends back what it is sent."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.request.recv(2**16):
                self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def echoing() -> Iterator[int]:
    """Run a server that echoes, and yield its port."""
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Ports:
    """
    The ports that the placeholders of a recording stand for.

    Those that a client chose (``<7101>``) are reserved by sockets that never listen, so that nobody else is given them; those that the kernel
    chose (``<auto>``) are learned from the first answer that shows them.
    """

    def __init__(self, upstream: int) -> None:
        self._known = {"upstream": str(upstream)}
        self._reserved: list[socket.socket] = []

    def close(self) -> None:
        for sock in self._reserved:
            sock.close()

    def filled(self, text: str) -> str:
        """Return the text with every known placeholder filled in."""
        return PLACEHOLDER.sub(self._filled, text)

    def learn(self, expected: str, actual: str) -> None:
        """Fill what is still unknown in the expected text from the actual one."""
        parts = PLACEHOLDER.split(expected)
        seen: set[str] = set()
        pattern = re.escape(parts[0])
        for name, rest in zip(parts[1::2], parts[2::2], strict=True):
            pattern += (f"(?P={name})" if name in seen else rf"(?P<{name}>\d+)") + re.escape(rest)
            seen.add(name)
        if match := re.fullmatch(pattern, actual):
            self._known.update(match.groupdict())

    def _filled(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self._known and name.isdigit():
            self._known[name] = str(self._reserve())
        return self._known.get(name, match[0])

    def _reserve(self) -> int:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        self._reserved.append(sock)
        port: int = sock.getsockname()[1]
        return port
