"""All proxies of one API, by name."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from fraiseql_chaos.toxiproxy.bodies import ProxyBody
from fraiseql_chaos.toxiproxy.edges import Edge, OpenEdge
from fraiseql_chaos.toxiproxy.go_net import Listen
from fraiseql_chaos.toxiproxy.model import ApiError
from fraiseql_chaos.toxiproxy.proxy import Proxy
from fraiseql_chaos.toxiproxy.semantics import Semantics

__all__ = ["Proxies"]


class Proxies:
    """
    The proxies there are.

    Args:
        open_edge: Opens the edges of proxies.
        semantics: What their toxics mean.
    """

    def __init__(self, open_edge: OpenEdge, semantics: Semantics) -> None:
        self._open_edge = open_edge
        self._semantics = semantics
        self._proxies: dict[str, Proxy] = {}

    def __iter__(self) -> Iterator[Proxy]:
        """Yield the proxies, sorted by name as Go's maps are written."""
        return (self._proxies[name] for name in sorted(self._proxies))

    def get(self, name: str) -> Proxy:
        """
        Return a proxy.

        Raises:
            ApiError: If there is none of this name.
        """
        if name not in self._proxies:
            raise ApiError("proxy not found", HTTPStatus.NOT_FOUND)
        return self._proxies[name]

    def adopt(self, name: str, edge: Edge) -> Proxy:
        """
        Show an edge that somebody else has opened, and may be armed by others, too; removing it here leaves it open.

        Raises:
            ApiError: If there is a proxy of this name.
        """
        self._require_new(name)
        listen = Listen(host=edge.address.host, port=edge.address.port)
        proxy = self._proxies[name] = Proxy(name, str(listen), str(edge.upstream), semantics=self._semantics, edge=edge)
        return proxy

    def create(self, body: ProxyBody, listen: Listen) -> Proxy:
        """
        Add a proxy.

        Args:
            body: What it shall be.
            listen: What its address means.

        Raises:
            ApiError: If there is one of this name, or it cannot listen; nothing is added then.
        """
        self._require_new(body.name)
        proxy = self._started(body, listen)
        self._proxies[body.name] = proxy
        return proxy

    def put(self, body: ProxyBody, listen: Listen) -> Proxy:
        """
        Have a proxy that listens here and leads there: the one of this name if it does, or else a new one without toxics in its place.

        Raises:
            ApiError: If it cannot listen.
        """
        existing = self._proxies.get(body.name)
        if existing is None:
            return self.create(body, listen)
        if not existing.differs(listen, body.upstream):
            return existing
        existing.require_ours()
        with existing.making_room(listen):
            proxy = self._started(body, listen)
        existing.close()
        self._proxies[body.name] = proxy
        return proxy

    def remove(self, name: str) -> None:
        """
        Remove a proxy and cut its connections.

        Raises:
            ApiError: If there is none of this name.
        """
        self.get(name).close()
        del self._proxies[name]

    def close(self) -> None:
        """Remove every proxy."""
        for name in tuple(self._proxies):
            self.remove(name)

    def _require_new(self, name: str) -> None:
        if name in self._proxies:
            raise ApiError("proxy already exists", HTTPStatus.CONFLICT)

    def _started(self, body: ProxyBody, listen: Listen) -> Proxy:
        proxy = Proxy(body.name, body.listen, body.upstream, semantics=self._semantics, open_edge=self._open_edge)
        if body.enabled:
            proxy.start(listen)
        return proxy
