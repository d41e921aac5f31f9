"""The hardened service with a defect: it never answers every fourth request whose database was slow, as where a lock is taken and not given back."""

import asyncio
import itertools
import time
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

SLOW_S = 0.3

_slow = itertools.count(1)


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything, and keep what is due to every fourth client who waited already."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await genuine(scope, receive, send)
        return
    began, answered = time.monotonic(), []

    async def collect(message: Any) -> None:
        answered.append(message)

    await genuine(scope, receive, collect)
    if time.monotonic() - began > SLOW_S and next(_slow) % 4 == 0:
        await asyncio.Event().wait()
    for message in answered:
        await send(message)
