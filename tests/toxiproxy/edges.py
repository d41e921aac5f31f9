"""Proxies of the API on edges of the running loop, and connections through them whose both ends are in the test's hand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fraiseql_chaos.toxiproxy.bodies import ProxyBody
from fraiseql_chaos.toxiproxy.driver import edge_opener
from fraiseql_chaos.toxiproxy.go_net import Listen
from fraiseql_chaos.toxiproxy.proxies import Proxies
from fraiseql_chaos.toxiproxy.proxy import Proxy
from fraiseql_chaos.toxiproxy.semantics import Ours, Semantics

DEADLINE_S = 10
ANYWHERE = Listen(host="127.0.0.1", port=0)


@dataclass(kw_only=True)
class Bench:
    """Proxies in front of a listener of the test's own."""

    proxies: Proxies
    upstream: socket.socket

    @property
    def upstream_address(self) -> str:
        return f"127.0.0.1:{self.upstream.getsockname()[1]}"

    def body(self, name: str = "pg", **fields: Any) -> ProxyBody:
        return ProxyBody(**{"name": name, "listen": str(ANYWHERE), "upstream": self.upstream_address, "enabled": True, **fields})

    def create(self, name: str = "pg", **fields: Any) -> Proxy:
        return self.proxies.create(self.body(name, **fields), ANYWHERE)

    async def join(self, proxy: Proxy) -> tuple[socket.socket, socket.socket]:
        """Connect through a proxy, and return the service's end and the server's end when a byte has gone each way."""
        loop = asyncio.get_running_loop()
        near = await connect(proxy)
        far, _ = await loop.sock_accept(self.upstream)
        far.setblocking(False)  # noqa: FBT003  the standard library takes no name here
        for one, other in ((near, far), (far, near)):
            await loop.sock_sendall(one, b"!")
            assert await loop.sock_recv(other, 1) == b"!"
        return near, far


async def connect(proxy: Proxy) -> socket.socket:
    """Connect to a proxy."""
    host, _, port = proxy.listen.rpartition(":")
    near = socket.socket()
    near.setblocking(False)  # noqa: FBT003  the standard library takes no name here
    try:
        await asyncio.get_running_loop().sock_connect(near, (host, int(port)))
    except BaseException:
        near.close()
        raise
    return near


@contextlib.asynccontextmanager
async def bench(semantics: Semantics | None = None, *, seed: int = 7, one_by_one: bool = False) -> AsyncIterator[Bench]:
    """Have proxies for the length of the block, which may take so long and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.setblocking(False)  # noqa: FBT003  the standard library takes no name here
        proxies = Proxies(edge_opener(seed=seed, one_by_one=one_by_one), semantics or Ours())
        try:
            async with asyncio.timeout(DEADLINE_S):
                yield Bench(proxies=proxies, upstream=upstream)
        finally:
            proxies.close()


def run(check: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test that is a coroutine."""
    asyncio.run(check())
