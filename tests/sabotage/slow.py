"""The stock service with a defect: every answer takes 20 ms longer, as by a call to something slow that nobody needs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from stock import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs

__all__ = ["app"]

DELAY_S = 0.02


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Hand on everything, GraphQL requests late."""
    if scope["type"] == "http" and scope["method"] == "POST":
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(DELAY_S, late.set)
        await late.wait()
    await genuine(scope, receive, send)
