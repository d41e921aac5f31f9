"""The page /metrics; how it looks is proved by the recorded one."""

from __future__ import annotations

import asyncio

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.toxiproxy.bodies import new_toxic
from fraiseql_chaos.toxiproxy.metrics import metrics_text
from toxiproxy.edges import bench, connect, run


def test_what_is_held_or_lost_has_arrived_and_not_left() -> None:
    """Counted as it passes, and not when its connection ends."""

    async def check() -> None:
        async with bench() as here:
            proxy = here.create('p"g\\')
            proxy.add(new_toxic(b'{"type": "bandwidth", "stream": "upstream"}', ()))
            near = await connect(proxy)
            with near:
                await asyncio.get_running_loop().sock_sendall(near, b"12345678")
                await wait_until(lambda: proxy.ledger and proxy.ledger.up.bytes == 8, within=seconds(5), what="receiving the bytes")
                page = metrics_text(here.proxies)
            labels = f'{{direction="upstream",listener="{proxy.listen}",proxy="p\\"g\\\\",upstream="{proxy.upstream}"}}'
            assert f"toxiproxy_proxy_received_bytes_total{labels} 8\n" in page
            assert f"toxiproxy_proxy_sent_bytes_total{labels} 0\n" in page

    run(check)


def test_a_proxy_nobody_has_used_is_not_on_the_page() -> None:
    async def check() -> None:
        async with bench() as here:
            here.create("off", enabled=False)
            here.create("on")
            assert metrics_text(here.proxies) == ""

    run(check)
