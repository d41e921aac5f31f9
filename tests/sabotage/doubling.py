"""The hardened service with a defect: every fifth mutation is carried out twice, as by a retry that does not know that the first try went through."""

import itertools
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send, is_mutation, read_body, replay  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

_ordinals = itertools.count(1)


async def _unheard(_message: Any) -> None:
    """Nobody is told of the first try."""


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything once, and every fifth mutation twice."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await genuine(scope, receive, send)
        return
    body = await read_body(receive)
    if is_mutation(scope, body) and next(_ordinals) % 5 == 0:
        await genuine(scope, replay(body, receive), _unheard)
    await genuine(scope, replay(body, receive), send)
