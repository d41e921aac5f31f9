"""
The API on a socket, and the process it runs in: everything of this package that touches the world.

    client --HTTP--> [ aiohttp ] --> Api --> Proxies --> [ edges ] <==TCP==> service, server

One event loop carries the API and the traffic. Nothing on it waits for a connection, so the API answers however its proxies' connections
hang; and it never sends the traffic of others away, because no answer is longer than a list of proxies.

``ApiServer`` is also what a rig uses in its own process: it serves whatever proxies it is given, over edges that anybody may have opened.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from fraiseql_chaos.core import dice, fresh_seed
from fraiseql_chaos.core.randomness import SEED_MAX
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.descriptors import raise_descriptor_limit
from fraiseql_chaos.layers.stream.driver.edge import Edge
from fraiseql_chaos.layers.stream.engine import HELD_BYTES_DEFAULT
from fraiseql_chaos.layers.stream.model import Address, TcpAddress
from fraiseql_chaos.toxiproxy.api import Api, Request
from fraiseql_chaos.toxiproxy.compat import Compat
from fraiseql_chaos.toxiproxy.config import Configured
from fraiseql_chaos.toxiproxy.edges import OpenEdge, upstream_address
from fraiseql_chaos.toxiproxy.go_net import AddressError, Listen, resolve
from fraiseql_chaos.toxiproxy.model import ApiError
from fraiseql_chaos.toxiproxy.proxies import Proxies
from fraiseql_chaos.toxiproxy.semantics import Ours

__all__ = ["ApiServer", "Settings", "Started", "edge_opener", "lookup", "serve"]

BODY_BYTES_MAX: Final = 2**20
"""The longest body read: ten thousand proxies; aiohttp's own default. Toxiproxy has no limit."""

SHUTDOWN_S: Final = 1.0
"""How long requests under way may take to end when the server closes; each needs milliseconds."""


def _is_our_own_mistake(record: logging.LogRecord) -> bool:
    """Tell whether something went wrong here: what is no HTTP is told to who sent it, and whoever can connect could fill a disk with its stacks."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_LOG: Final = logging.getLogger(__name__)
_LOG.addFilter(_is_our_own_mistake)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How a process serves the API.

    Attributes:
        host: Where the API listens; anything but loopback lets others on the network cut and delay.
        port: Its port; 0 lets the kernel choose.
        seed: Where all dice derive from.
        is_compatible: Whether toxics have Toxiproxy's own semantics.
        has_metrics: Whether there is a page /metrics.
        configured: The proxies to start with.
    """

    host: str
    port: int
    seed: int
    is_compatible: bool = False
    has_metrics: bool = False
    configured: Sequence[Configured] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Where the API listens, and where each proxy that the process started with does."""

    api: TcpAddress
    proxies: dict[str, str]


async def serve(settings: Settings, on_ready: Callable[[Started], None]) -> None:
    """
    Serve the API until the process is told to stop (SIGTERM, SIGINT).

    Args:
        settings: How.
        on_ready: Called once, when everything listens.

    Raises:
        RigError: If the API or a configured proxy cannot listen, or an upstream's name is unknown; nothing listens then.
    """
    raise_descriptor_limit()
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    if settings.is_compatible:
        proxies = Proxies(edge_opener(seed=fresh_seed(), one_by_one=True), Compat())  # Toxiproxy takes a seed and never uses it.
    else:
        proxies = Proxies(edge_opener(seed=settings.seed), Ours())
    server = ApiServer(Api(proxies, lookup, has_metrics=settings.has_metrics))
    try:
        for configured in settings.configured:
            await _start(proxies, configured)
        api = await server.start(settings.host, settings.port)
        gc.freeze()  # What was imported lives as long as the process; collections need not look at it again.
        on_ready(Started(api=api, proxies={proxy.name: proxy.listen for proxy in proxies}))
        await told_to_stop.wait()
    finally:
        await server.close()
        proxies.close()


async def _start(proxies: Proxies, configured: Configured) -> None:
    body = configured.proxy
    upstream = upstream_address(body.upstream)
    if isinstance(upstream, TcpAddress):
        try:
            await lookup(upstream.host)
        except OSError as error:
            raise RigError(f"proxy {body.name!r} leads to {body.upstream}, and {upstream.host} is unknown: {error}; nothing was started") from None
    try:
        proxy = proxies.create(body, await resolve(body.listen, lookup))
    except (ApiError, AddressError) as error:
        raise RigError(f"proxy {body.name!r} cannot listen on {body.listen!r}: {error}; nothing was started") from None
    for toxic in configured.toxics:
        proxy.add(toxic)


class ApiServer:
    """
    Serves an API over HTTP.

    Args:
        api: What answers.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        application = web.Application(middlewares=[self._answer], client_max_size=BODY_BYTES_MAX)
        application.on_response_prepare.append(_only_what_toxiproxy_sends)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S, logger=_LOG)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> TcpAddress:
        """
        Listen.

        Args:
            host: Where; anything but loopback lets others on the network cut and delay.
            port: The port; 0 lets the kernel choose.

        Returns:
            Where it listens.

        Raises:
            RigError: If it cannot listen there.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise RigError(f"the API cannot listen on {host}:{port}: {_reason(error)}; nothing was started") from None
        bound = self._runner.addresses[0]
        return TcpAddress(host=bound[0], port=bound[1])

    async def close(self) -> None:
        """Listen no more, and let requests under way end."""
        await self._runner.cleanup()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG002  aiohttp passes it by name
        """Answer every request here, before aiohttp looks for a handler: Toxiproxy's router has its own opinion of paths."""
        wanted = Request(method=request.method, target=request.raw_path, body=await request.read(), user_agent=request.headers.get("User-Agent", ""))
        answer = await self._api.answer(wanted)
        return web.Response(status=answer.status, body=answer.body.encode(), headers=answer.headers)


async def lookup(host: str) -> str:
    """Return a host's address, an IPv4 one if it has one."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses: Iterable[str] = (str(sockaddr[0]) for family, *_, sockaddr in sorted(found, key=lambda entry: entry[0] != socket.AF_INET))
    return next(iter(addresses))


def edge_opener(*, seed: int, held_bytes_limit: int = HELD_BYTES_DEFAULT, one_by_one: bool = False) -> OpenEdge:
    """
    Return what opens edges on the running loop.

    Args:
        seed: Where the dice of every proxy derive from, each by its name.
        held_bytes_limit: How much each direction of a connection may hold.
        one_by_one: Whether a connection waits for those in front of it; see ``Edge``.
    """
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop)

    def open_edge(name: str, listen: Listen, upstream: Address) -> Edge:
        own_seed = dice(seed, "proxy", name).randint(0, SEED_MAX)
        return Edge(
            loop,
            alarm,
            upstream=upstream,
            seed=own_seed,
            held_bytes_limit=held_bytes_limit,
            listen=(_host(listen), listen.port),
            one_by_one=one_by_one,
        )

    return open_edge


def _host(listen: Listen) -> str:
    """Return the address to bind: every interface is "::" where the machine has IPv6, which takes both families."""
    if not listen.is_everywhere:
        return listen.host
    return "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104  the client asked for every interface


async def _only_what_toxiproxy_sends(_: web.Request, response: web.StreamResponse) -> None:
    """Take away what aiohttp adds of its own."""
    response.headers.popall("Server", None)
    if response.headers.get("Content-Type") == "application/octet-stream":
        del response.headers["Content-Type"]


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno is not None and error.errno > 0 else str(error)
