"""Answer GraphQL requests through a function that may change the answer. Runs in the service's process: standard library only."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["Rewriting"]

type Answer = dict[str, Any]
type Rewrite = Callable[[Answer, Answer, float], Answer]


class Rewriting:
    """An ASGI application around another; ``rewrite`` gets the request, the answer and how long it took in seconds."""

    def __init__(self, app: Any, rewrite: Rewrite) -> None:
        self._app = app
        self._rewrite = rewrite

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        """Pass everything on but POST /graphql, whose answer is collected, rewritten and sent in one piece."""
        if scope["type"] != "http" or scope["path"] != "/graphql":
            await self._app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()
        began = time.monotonic()

        async def overheard() -> Any:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def collect(message: Any) -> None:
            answered.extend(message.get("body", b""))

        await self._app(scope, overheard, collect)
        body = json.dumps(self._rewrite(json.loads(asked), json.loads(answered), time.monotonic() - began)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
