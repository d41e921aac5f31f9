"""The hardened service with a defect: it gives up a request after 1.5 s, which is less than the round trips to a slow database take."""

import asyncio
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send, answer  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

PATIENCE_S = 1.5


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything, and answer a GraphQL request with an error when its time is up."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await genuine(scope, receive, send)
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            await genuine(scope, receive, send)
    except TimeoutError:
        await answer(send, {"data": None, "errors": [{"message": "the database request timed out", "path": []}]})
