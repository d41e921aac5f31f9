"""Read a GraphQL request whole, and hand it on as often as wanted. Runs in the service's process: standard library only."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["Receive", "Send", "answer", "is_mutation", "read_body", "replay"]

type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]


async def read_body(receive: Receive) -> bytes:
    """Return the request's whole body."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body.extend(message.get("body", b""))
        more = message.get("more_body", False)
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that gives the body in one piece, and then what comes behind the request."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Any:
        return waiting.pop() if waiting else await receive()

    return received


def is_mutation(scope: Any, body: bytes) -> bool:
    """Tell whether a request to the GraphQL endpoint writes."""
    return bool(scope["path"] == "/graphql" and body and json.loads(body)["query"].lstrip().startswith("mutation"))


async def answer(send: Send, content: dict[str, Any]) -> None:
    """Answer with JSON."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
