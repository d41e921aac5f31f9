"""
Our faults on a Toxiproxy elsewhere.

    toxiproxy = Toxiproxy("http://127.0.0.1:8474")
    with toxiproxy.proxy("database").armed(Latency(delay=ms(250))):
        ...

A fault is armed by a guard and healed when it is left. What a guard did not create it does not remove: toxics get names of their own, a proxy
that was disabled already is left so, and proxies that were there stay. Whoever resets the Toxiproxy meanwhile heals faults before their time, and
the guard says so instead of passing it over.

It blocks, and every call has one deadline. A Toxiproxy knows nothing of seeds: which connections a share hits, and every jitter, is its own chance.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fraiseql_chaos.core import Duration, Json, seconds
from fraiseql_chaos.errors import DeclarationError, InjectionError, PeerProtocolError, RigError
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.toxiproxy.orders import Add, Disable, orders_for

__all__ = ["RemoteProxy", "Toxiproxy"]

DEADLINE: Final = seconds(5)
"""How long a call may take; Toxiproxy itself gives up at 25 s, and answers in less than a millisecond unless it hangs."""

_USER_AGENT: Final = "fraiseql-chaos"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    value: Any
    text: str


class Toxiproxy:
    """
    A Toxiproxy.

    Args:
        url: Where its API is: ``http://host:port``.
        deadline: How long each call may take.

    Raises:
        DeclarationError: If the address is none.
    """

    def __init__(self, url: str = "http://127.0.0.1:8474", *, deadline: Duration = DEADLINE) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise DeclarationError(f"a Toxiproxy's address is http://host:port, not {url!r}; nothing was armed")
        self.url = url.rstrip("/")
        self._host = parts.hostname
        self._port = parts.port or http.client.HTTP_PORT
        self._deadline = deadline

    def version(self) -> str:
        """
        Return the version it says it has.

        Raises:
            RigError: If it cannot be reached, or is none.
        """
        return str(self.ask("GET", "/version")["version"])

    def proxies(self) -> tuple[RemoteProxy, ...]:
        """
        Return the proxies it has.

        Raises:
            RigError: If it cannot be reached, or is none.
        """
        return tuple(RemoteProxy(self, name, state["listen"]) for name, state in self.ask("GET", "/proxies").items())

    def proxy(self, name: str) -> RemoteProxy:
        """
        Return a proxy that is there.

        Raises:
            DeclarationError: If there is none of this name.
            RigError: If the Toxiproxy cannot be reached, or is none.
        """
        return RemoteProxy(self, name, self.ask("GET", _path(name))["listen"])

    @contextlib.contextmanager
    def created(self, name: str, *, upstream: str, listen: str = "127.0.0.1:0") -> Iterator[RemoteProxy]:
        """
        Create a proxy for the length of the block.

        Args:
            name: What to call it.
            upstream: Where it leads: ``host:port``, as seen from the Toxiproxy.
            listen: Where it listens, likewise; port 0 lets its kernel choose.

        Raises:
            DeclarationError: If there is one of this name, or an address is none.
            RigError: If the Toxiproxy cannot be reached, or is none.
        """
        path = _path(name)
        state = self.ask("POST", "/proxies", {"name": name, "upstream": upstream, "listen": listen})
        try:
            yield RemoteProxy(self, name, state["listen"])
        finally:
            self.ask("DELETE", path)

    def ask(self, method: str, path: str, body: Json = None) -> Any:
        """
        Call the API.

        Raises:
            DeclarationError: If it refuses; its words are in the message.
            RigError: If it cannot be reached, or does not answer in time.
            PeerProtocolError: If what answers is no Toxiproxy.
        """
        answer = self.exchange(method, path, body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            match answer.value:
                case {"error": str(message), "status": int()}:
                    raise DeclarationError(f"the Toxiproxy at {self.url} refuses {method} {path}: {message}")
            raise PeerProtocolError(f"what answers at {self.url} is no Toxiproxy: {method} {path} got {answer.status} and {answer.text[:200]!r}")
        return answer.value

    def exchange(self, method: str, path: str, body: Json = None) -> _Answer:
        """
        Send a request, and return its answer whatever it is.

        Raises:
            RigError: If there is none in time.
        """
        sent = None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._deadline.s)
        try:
            with contextlib.closing(connection):
                connection.request(method, path, sent, {"User-Agent": _USER_AGENT, "Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise RigError(f"the Toxiproxy at {self.url} did not answer {method} {path}: {error or type(error).__name__}") from None
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = None
        return _Answer(status=response.status, value=value, text=text)


class RemoteProxy:
    """
    A proxy of a Toxiproxy.

    Args:
        toxiproxy: Whose.
        name: What it is called there.
        listen: Where it listens.
    """

    def __init__(self, toxiproxy: Toxiproxy, name: str, listen: str) -> None:
        self.name = name
        self.listen = listen
        self._toxiproxy = toxiproxy

    @contextlib.contextmanager
    def armed(self, fault: Fault) -> Iterator[None]:
        """
        Arm a fault for the length of the block.

        Raises:
            DeclarationError: If a Toxiproxy cannot do it, or this proxy is disabled already; nothing was armed.
            RigError: If the Toxiproxy cannot be reached; what was armed before was healed.
            InjectionError: If it could not be healed, or somebody else had healed it before.
        """
        orders = orders_for(fault)
        with self._disabled() if isinstance(orders, Disable) else self._added(fault, orders):
            yield

    @contextlib.contextmanager
    def _disabled(self) -> Iterator[None]:
        if not self._toxiproxy.ask("GET", _path(self.name))["enabled"]:
            raise DeclarationError(f"{self.name} refuses connections already, so whoever made it do so would be undone; nothing was armed")
        self._toxiproxy.ask("POST", _path(self.name), {"enabled": False})
        try:
            yield
        finally:
            self._heal("refuse", "POST", _path(self.name), {"enabled": True})

    @contextlib.contextmanager
    def _added(self, fault: Fault, orders: tuple[Add, ...]) -> Iterator[None]:
        with contextlib.ExitStack() as healing:
            for order in orders:
                name = f"{fault.kind}-{order.stream}-{secrets.token_hex(4)}"
                self._toxiproxy.ask("POST", f"{_path(self.name)}/toxics", order.body(name))
                healing.callback(self._heal, fault.kind, "DELETE", f"{_path(self.name)}/toxics/{quote(name)}")
            yield

    def _heal(self, kind: str, method: str, path: str, body: Json = None) -> None:
        where = f"{kind} on {self.name} of the Toxiproxy at {self._toxiproxy.url}"
        try:
            answer = self._toxiproxy.exchange(method, path, body)
        except RigError as error:
            raise InjectionError(f"{where} may still be armed: {error}") from None
        if answer.status == HTTPStatus.NOT_FOUND:
            raise InjectionError(f"{where} was gone before it was healed: somebody else has removed it, so nobody knows how long it was armed")
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise InjectionError(f"{where} may still be armed: healing it got {answer.status} and {answer.text.strip()!r}")


def _path(proxy: str) -> str:
    """Return where a proxy is shown; Toxiproxy takes any name for a new one, but finds none again whose name has a slash."""
    if not proxy or "/" in proxy:
        raise DeclarationError(
            f"a proxy's name is not empty and has no slash, or Toxiproxy cannot find it again; {proxy!r} will not do; nothing was armed"
        )
    return f"/proxies/{quote(proxy)}"
