"""
Toxiproxy's HTTP API, without HTTP: a request in, an answer out.

    GET    /version                          POST   /populate     POST /reset     GET /metrics (only if asked for)
    GET    /proxies                          POST   /proxies
    GET    /proxies/{proxy}                  POST, PATCH /proxies/{proxy}                     DELETE /proxies/{proxy}
    GET    /proxies/{proxy}/toxics           POST        /proxies/{proxy}/toxics
    GET    /proxies/{proxy}/toxics/{toxic}   POST, PATCH /proxies/{proxy}/toxics/{toxic}      DELETE /proxies/{proxy}/toxics/{toxic}

A handler awaits at most the look-up of a host's name, and does so before it changes anything; then it does all it has to do at once. So a
name server that is slow delays its own request and nobody else's, and two requests never meet half-way.

Statuses, headers and bodies are those of Toxiproxy 2.12, by its recorded answers: a missing page and a wrong method are answered by its router,
without a request id and without looking at the browser; errors are JSON that is labelled as text.
"""

from __future__ import annotations

import base64
import posixpath
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, unquote

from fraiseql_chaos.toxiproxy import bodies, go_json
from fraiseql_chaos.toxiproxy.go_net import AddressError, Listen, Lookup, resolve
from fraiseql_chaos.toxiproxy.metrics import METRICS_CONTENT_TYPE, metrics_text
from fraiseql_chaos.toxiproxy.model import ApiError
from fraiseql_chaos.toxiproxy.proxies import Proxies
from fraiseql_chaos.toxiproxy.proxy import Proxy

__all__ = ["TOXIPROXY_VERSION", "Answer", "Api", "Request"]

TOXIPROXY_VERSION: Final = "2.12.0"
"""What GET /version says: the version whose API this is. Clients choose by it what they ask for."""

_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a client wants.

    Attributes:
        method: ``GET``, ``POST``, ...
        target: The path as it was sent, with what is escaped in it and what is behind a question mark.
        body: What was sent with it.
        user_agent: What the client calls itself.
    """

    method: str
    target: str
    body: bytes = b""
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client gets: a status, a body, and headers besides the usual ones."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


type Handler = Callable[[Request, tuple[str, ...]], Awaitable[Answer]]


class Api:
    """
    Answers requests.

    Args:
        proxies: What they are about.
        lookup: Finds the addresses of host names.
        has_metrics: Whether there is a page /metrics.
    """

    def __init__(self, proxies: Proxies, lookup: Lookup, *, has_metrics: bool = False) -> None:
        self._proxies = proxies
        self._lookup = lookup
        proxy, toxic = "/proxies/([^/]+)", "/proxies/([^/]+)/toxics/([^/]+)"
        routes: dict[str, dict[str, Handler]] = {
            "/reset": {"POST": self._reset},
            "/proxies": {"GET": self._list_proxies, "POST": self._create_proxy},
            "/populate": {"POST": self._populate},
            proxy: {"GET": self._show_proxy, "POST": self._change_proxy, "PATCH": self._change_proxy, "DELETE": self._remove_proxy},
            f"{proxy}/toxics": {"GET": self._list_toxics, "POST": self._create_toxic},
            toxic: {"GET": self._show_toxic, "POST": self._change_toxic, "PATCH": self._change_toxic, "DELETE": self._remove_toxic},
            "/version": {"GET": self._version},
        }
        if has_metrics:
            routes["/metrics"] = dict.fromkeys(("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"), self._metrics)
        self._routes: Final = tuple((re.compile(pattern), handlers) for pattern, handlers in routes.items())

    async def answer(self, request: Request) -> Answer:
        """Answer a request."""
        path = unquote(request.target.partition("?")[0])
        if (clean := _clean(path)) != path:
            return Answer(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": quote(clean)})
        status = HTTPStatus.NOT_FOUND
        for pattern, handlers in self._routes:
            if match := pattern.fullmatch(path):
                if request.method in handlers:
                    return await self._routed(handlers[request.method], request, match.groups())
                status = HTTPStatus.METHOD_NOT_ALLOWED
        return _error_page("404 page not found", status) if status is HTTPStatus.NOT_FOUND else Answer(status=status)

    async def _routed(self, handler: Handler, request: Request, names: tuple[str, ...]) -> Answer:
        if request.user_agent.startswith("Mozilla/"):
            answer = _error_page("User agent not allowed", HTTPStatus.FORBIDDEN)
        else:
            try:
                answer = await handler(request, names)
            except ApiError as refused:
                answer = _error_page(go_json.encode({"error": str(refused), "status": int(refused.status)}), refused.status)
        return Answer(status=answer.status, body=answer.body, headers={**answer.headers, "X-Toxiproxy-Request-Id": _request_id()})

    async def _version(self, _: Request, __: tuple[str, ...]) -> Answer:
        return Answer(
            status=HTTPStatus.OK, body=f'{{"version": "{TOXIPROXY_VERSION}"}}\n', headers={"Content-Type": "application/json;charset=utf-8"}
        )

    async def _metrics(self, _: Request, __: tuple[str, ...]) -> Answer:
        return Answer(status=HTTPStatus.OK, body=metrics_text(self._proxies), headers={"Content-Type": METRICS_CONTENT_TYPE})

    async def _reset(self, _: Request, __: tuple[str, ...]) -> Answer:
        refused: list[ApiError] = []
        for proxy in tuple(self._proxies):
            # One that cannot listen does not keep the others from being healed.
            try:
                proxy.start(await self._listen(proxy.listen))
            except ApiError as failure:
                refused.append(failure)
            proxy.clear()
        if refused:
            raise refused[0]
        return Answer(status=HTTPStatus.NO_CONTENT)

    async def _populate(self, request: Request, _: tuple[str, ...]) -> Answer:
        done: list[Proxy] = []
        trouble: dict[str, Any] = {}
        status = HTTPStatus.CREATED
        try:
            for body in bodies.new_proxies(request.body):
                done.append(self._proxies.put(body, await self._listen(body.listen)))  # noqa: PERF401  what was done before one fails is told, too
        except ApiError as refused:
            status = refused.status
            trouble = {"error": str(refused), "status": int(status)}
        return _json({**trouble, "proxies": [proxy.to_json() for proxy in done] or None}, status)

    async def _list_proxies(self, _: Request, __: tuple[str, ...]) -> Answer:
        return _json({proxy.name: proxy.to_json() for proxy in self._proxies})

    async def _create_proxy(self, request: Request, _: tuple[str, ...]) -> Answer:
        body = bodies.new_proxy(request.body)
        listen = await self._listen(body.listen) if body.enabled else Listen(host="", port=0)
        return _json(self._proxies.create(body, listen).to_json(), HTTPStatus.CREATED)

    async def _show_proxy(self, _: Request, names: tuple[str, ...]) -> Answer:
        return _json(self._proxies.get(names[0]).to_json())

    async def _change_proxy(self, request: Request, names: tuple[str, ...]) -> Answer:
        proxy = self._proxies.get(names[0])
        wanted = {"listen": proxy.listen, "upstream": proxy.upstream, "enabled": proxy.enabled, **bodies.proxy_changes(request.body)}
        try:
            resolved = await resolve(wanted["listen"], self._lookup)
        except AddressError as fault:
            raise ApiError(str(fault), HTTPStatus.INTERNAL_SERVER_ERROR) from None
        proxy.change(resolved=resolved, **wanted)
        return _json(proxy.to_json())

    async def _remove_proxy(self, _: Request, names: tuple[str, ...]) -> Answer:
        self._proxies.remove(names[0])
        return Answer(status=HTTPStatus.NO_CONTENT)

    async def _list_toxics(self, _: Request, names: tuple[str, ...]) -> Answer:
        return _json([toxic.to_json() for toxic in self._proxies.get(names[0]).toxics])

    async def _create_toxic(self, request: Request, names: tuple[str, ...]) -> Answer:
        proxy = self._proxies.get(names[0])
        toxic = bodies.new_toxic(request.body, {toxic.name for toxic in proxy.toxics})
        proxy.add(toxic)
        return _json(toxic.to_json())

    async def _show_toxic(self, _: Request, names: tuple[str, ...]) -> Answer:
        return _json(self._proxies.get(names[0]).toxic(names[1]).to_json())

    async def _change_toxic(self, request: Request, names: tuple[str, ...]) -> Answer:
        return _json(self._proxies.get(names[0]).change_toxic(names[1], request.body).to_json())

    async def _remove_toxic(self, _: Request, names: tuple[str, ...]) -> Answer:
        self._proxies.get(names[0]).remove(names[1])
        return Answer(status=HTTPStatus.NO_CONTENT)

    async def _listen(self, address: str) -> Listen:
        try:
            return await resolve(address, self._lookup)
        except AddressError as fault:
            raise ApiError(f"listen tcp: {fault}", HTTPStatus.INTERNAL_SERVER_ERROR) from None


def _clean(path: str) -> str:
    """Return the path as Toxiproxy's router wants it: without empty or dotted parts; a slash at its end stays."""
    if not path:
        return "/"
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return f"{clean}/" if path.endswith("/") and clean != "/" else clean


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status=status, body=go_json.encode(value), headers={"Content-Type": _JSON})


def _error_page(text: str, status: HTTPStatus) -> Answer:
    return Answer(status=status, body=f"{text}\n", headers={"Content-Type": _TEXT, "X-Content-Type-Options": "nosniff"})


def _request_id() -> str:
    """Return 20 characters that no other request gets, from the alphabet of Toxiproxy's own."""
    return base64.b32hexencode(secrets.token_bytes(12)).decode().rstrip("=").lower()
