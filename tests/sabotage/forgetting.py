"""The hardened service with a defect: every fifth new user is acknowledged and never written, as by a queue that is lost before it is worked off."""

import itertools
import json
import uuid
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send, answer, is_mutation, read_body, replay  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

_ordinals = itertools.count(1)


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything but every fifth ``createUser``, which is answered as if it had been."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await genuine(scope, receive, send)
        return
    body = await read_body(receive)
    if is_mutation(scope, body) and b"createUser" in body and next(_ordinals) % 5 == 0:
        user = {"id": str(uuid.uuid4()), "role": "member", **json.loads(body)["variables"]["input"]}
        await answer(send, {"data": {"createUser": {"__typename": "CreateUserSuccess", "message": "The user was created.", "user": user}}})
        return
    await genuine(scope, replay(body, receive), send)
