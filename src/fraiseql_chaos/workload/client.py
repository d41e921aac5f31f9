"""
The HTTP side of a load: one POST, and an honest account of how far it came.

What counts as *sent* decides whose fault a delay is. It is the instant when the generator has done all that it can do alone: a kept
connection is in hand, or a new one has been asked of the kernel. What the service does with the connect (a full backlog, a refused or
swallowed SYN) belongs to the service's time, not to the generator's lag; what the generator's own loop and HTTP library take before
that instant belongs to its lag.

Nothing is retried and nothing is followed: a second attempt that the plan does not know would be a request nobody counted, and a
mutation sent twice. Kept connections are given up before servers close them (uvicorn does after 5 s), because a request that crosses
the server's close on the wire is lost without anybody's fault.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import aiohttp

from fraiseql_chaos.core import Duration, now_ns, seconds
from fraiseql_chaos.workload.answers import Answer, no_answer, read_answer
from fraiseql_chaos.workload.causes import Cause
from fraiseql_chaos.workload.requests import Request
from fraiseql_chaos.workload.spec import Target

__all__ = ["BODY_MAX", "GraphQLClient", "Passage"]

BODY_MAX: Final = 16 * 1024 * 1024
"""Bytes of one answer that are read; a longer one is garbage to us."""

_KEEP_ALIVE: Final = seconds(4)

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(slots=True)
class Passage:
    """How far one request came; filled in on the way. Times are of the machine's monotonic clock."""

    sent_ns: int | None = None
    connected: bool = False
    status: int | None = None
    done_ns: int = 0


class GraphQLClient:
    """
    Kept connections to one GraphQL endpoint.

    Args:
        target: The endpoint.
        connections_max: At least as many as requests can be in flight: nothing may wait for a connection inside the client.
        timeout: Bound on one request, from its send.
    """

    def __init__(self, target: Target, *, connections_max: int, timeout: Duration) -> None:
        self._target = target
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            connector=_connector(target, connections_max),
            headers={**_HEADERS, **target.headers},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout.s, ceil_threshold=math.inf),
            trace_configs=[_trace()],
        )

    async def ask(self, request: Request, passage: Passage) -> Answer:
        """
        Send one request and judge what comes back.

        Args:
            request: What to send.
            passage: Filled in while the request is under way; ``done_ns`` when its answer is complete or given up.
        """
        try:
            body = await self._exchange(request, passage)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            passage.done_ns = now_ns()
            return self._gave_up(error, request, passage)
        passage.done_ns = now_ns()
        assert passage.status is not None
        if len(body) > BODY_MAX:
            return no_answer("malformed_answer", f"an answer of more than {BODY_MAX} bytes", kind=request.kind, status=passage.status)
        return read_answer(passage.status, body, kind=request.kind, expected=request.expected)

    async def _exchange(self, request: Request, passage: Passage) -> bytes:
        async with self._session.post(self._target.url, data=request.body, allow_redirects=False, trace_request_ctx=passage) as response:
            passage.status = response.status
            body = await response.content.read(BODY_MAX)
            while len(body) <= BODY_MAX and not response.content.at_eof():
                body += await response.content.read(BODY_MAX)
            return body

    def _gave_up(self, error: Exception, request: Request, passage: Passage) -> Answer:
        cause = _cause_of(error)
        detail = f"no complete answer within {self._timeout}" if cause == "timeout" else f"{type(error).__name__}: {error}"
        if cause == "timeout" and not passage.connected:
            cause, detail = "connect_failed", f"no connection within {self._timeout}"
        return no_answer(cause, detail, kind=request.kind, status=passage.status)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def _connector(target: Target, connections_max: int) -> aiohttp.BaseConnector:
    if target.unix_socket is not None:
        return aiohttp.UnixConnector(path=str(target.unix_socket), limit=connections_max, keepalive_timeout=_KEEP_ALIVE.s)
    return aiohttp.TCPConnector(limit=connections_max, keepalive_timeout=_KEEP_ALIVE.s)


def _cause_of(error: Exception) -> Cause:
    match error:
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError():
            return "connect_failed"
        case aiohttp.ClientResponseError():  # a status line or header that is not HTTP; statuses themselves are never raised
            return "malformed_answer"
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError):
            return "malformed_answer"
        case _:
            return "connection_lost"


def _trace() -> aiohttp.TraceConfig:
    """Note on each request's passage when it was sent, and whether it ever had a connection."""

    async def reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
        passage: Passage = context.trace_request_ctx
        passage.sent_ns = now_ns()
        passage.connected = True

    async def connecting(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.sent_ns = now_ns()

    async def connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    trace.on_connection_create_start.append(connecting)
    trace.on_connection_create_end.append(connected)
    return trace
