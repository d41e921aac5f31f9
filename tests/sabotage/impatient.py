"""The hardened service with a defect: it waits 190 ms for its database and not a retransmission longer, as where a timeout was chosen by the latency in health."""

import asyncio
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send, answer  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

PATIENCE_S = 0.19


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything; answer a GraphQL request with an error if its own answer is late."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await genuine(scope, receive, send)
        return
    answered: list[Any] = []

    async def collect(message: Any) -> None:
        answered.append(message)

    try:
        async with asyncio.timeout(PATIENCE_S):
            await genuine(scope, receive, collect)
    except TimeoutError:
        await answer(send, {"data": None, "errors": [{"message": "The database did not answer in time."}]})
        return
    for message in answered:
        await send(message)
