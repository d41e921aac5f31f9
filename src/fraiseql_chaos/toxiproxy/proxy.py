"""
A proxy of the API: an edge of the stream layer, and the toxics on it as faults armed there.

        stopped, no edge --start--> [ edge, door open ] <--stop / start--> [ edge, door shut, port kept ]
              ^                             |
              `-------- moved, refused -----'

Toxics are kept in two lines, one for each stream, in the order they were added; in that order they are armed. Nothing here waits, so no
answer depends on how data flows.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.stream.model import Direction, StreamFault
from fraiseql_chaos.toxiproxy.bodies import toxic_changes
from fraiseql_chaos.toxiproxy.edges import Edge, OpenEdge, upstream_address
from fraiseql_chaos.toxiproxy.go_net import Listen
from fraiseql_chaos.toxiproxy.model import DIRECTIONS, ApiError, Toxic
from fraiseql_chaos.toxiproxy.semantics import Semantics

__all__ = ["Proxy"]


class Proxy:
    """
    One proxy.

    Args:
        name: What it is called.
        listen: Where it shall listen, as the client wrote it.
        upstream: Where its connections lead, as the client wrote it.
        semantics: What its toxics mean.
        open_edge: Opens its edge; None if it stands for one that somebody else has opened.
        edge: That edge.
    """

    def __init__(
        self, name: str, listen: str, upstream: str, *, semantics: Semantics, open_edge: OpenEdge | None = None, edge: Edge | None = None
    ) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.enabled = edge is not None
        self._semantics = semantics
        self._open_edge = open_edge
        self._edge = edge
        self._lines: dict[Direction, list[Toxic]] = {direction: [] for direction in DIRECTIONS.values()}
        self._faults: dict[str, Sequence[StreamFault]] = {}

    @property
    def toxics(self) -> list[Toxic]:
        """Its toxics, upstream ones first."""
        return [toxic for line in self._lines.values() for toxic in line]

    @property
    def is_ours(self) -> bool:
        """Whether its edge was opened for it, and not by somebody else."""
        return self._open_edge is not None

    @property
    def ledger(self) -> Ledger | None:
        """What has passed since it was last bound; None if it never was."""
        return None if self._edge is None else self._edge.ledger()

    def to_json(self) -> dict[str, Any]:
        """Return the proxy as the API shows it; Toxiproxy shows its logger without meaning to, and strict clients have come to expect it."""
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "Logger": {},
            "toxics": [toxic.to_json() for toxic in self.toxics],
        }

    def differs(self, listen: Listen, upstream: str) -> bool:
        """Tell whether this is another place to listen, or to lead to."""
        return str(listen) != self.listen or upstream != self.upstream

    def start(self, listen: Listen) -> None:
        """
        Listen, if it does not.

        Args:
            listen: What ``self.listen`` means.

        Raises:
            ApiError: If it cannot.
        """
        if self.enabled:
            return
        if self._edge is None:
            self._settle(self._opened(listen, self.upstream))
        else:
            with _bind_errors(listen):
                self._edge.enable()
        self.enabled = True

    def stop(self) -> None:
        """Cut all connections, and listen no more; the port stays its own."""
        if self._edge is not None and self.enabled:
            self._edge.disable()
        self.enabled = False

    def change(self, *, listen: str, resolved: Listen, upstream: str, enabled: bool) -> None:
        """
        Become another proxy of the same name, with the same toxics; another address cuts all connections.

        Args:
            listen: Where to listen, as the client wrote it.
            resolved: What that means.
            upstream: Where to lead to.
            enabled: Whether to let connections in.

        Raises:
            ApiError: If it cannot listen there.
        """
        if self.differs(resolved, upstream):
            self.require_ours()
            if self._semantics.keeps_refused_changes or not enabled:
                self.stop()
                self.close()
                self.listen, self.upstream = listen, upstream
            else:
                self._move(listen, resolved, upstream)
        if not enabled:
            self.stop()
        else:
            self.start(resolved)

    def close(self) -> None:
        """Cut all connections and give the port back; an edge that somebody else has opened is healed and left as it was found."""
        if self._edge is None:
            return
        if self.is_ours:
            self._edge.close()
            self._edge, self.enabled = None, False
        else:
            self.clear()
            if not self.enabled:
                self._edge.enable()

    @contextlib.contextmanager
    def making_room(self, listen: Listen) -> Iterator[None]:
        """Have the door shut while another edge is opened on the same port, because two would be in each other's way; open it again if that fails."""
        is_in_the_way = self.enabled and self._edge is not None and listen.port == self._edge.address.port
        if is_in_the_way or self._semantics.keeps_refused_changes:
            self.stop()
        try:
            yield
        except ApiError:
            if is_in_the_way and not self._semantics.keeps_refused_changes:
                self.start(listen)
            raise

    def add(self, toxic: Toxic) -> None:
        """Put a toxic at the end of its line."""
        line = self._lines[toxic.direction]
        line.append(toxic)
        self._faults[toxic.name] = self._semantics.faults(toxic)
        if self._edge is not None:
            self._arm(self._edge, toxic)
        self._disturb(line, len(line) - 1)

    def toxic(self, name: str) -> Toxic:
        """
        Return a toxic.

        Raises:
            ApiError: If there is none of this name.
        """
        for toxic in self.toxics:
            if toxic.name == name:
                return toxic
        raise ApiError("toxic not found", HTTPStatus.NOT_FOUND)

    def change_toxic(self, name: str, raw: bytes) -> Toxic:
        """
        Change a toxic where it stands, by the body of a request.

        Raises:
            ApiError: If there is none of this name, or the body cannot be read.
        """
        before = self.toxic(name)
        after, refusal = toxic_changes(raw, before)
        if refusal is not None and not self._semantics.keeps_refused_changes:
            raise refusal
        line = self._lines[before.direction]
        line[line.index(before)] = after
        had, self._faults[name] = self._faults[name], self._semantics.faults(after, self._faults[name])
        if self._edge is not None:
            for fault_id, old, new in zip(_ids(name), had, self._faults[name], strict=False):
                if new is not old:
                    self._edge.replace(fault_id, new)
        if refusal is not None:
            raise refusal
        return after

    def remove(self, name: str) -> None:
        """
        Take a toxic away; what it held moves on.

        Raises:
            ApiError: If there is none of this name.
        """
        toxic = self.toxic(name)
        line = self._lines[toxic.direction]
        index = line.index(toxic)
        faults = self._faults.pop(name)
        if self._edge is not None:
            for fault_id, _ in zip(_ids(name), faults, strict=False):
                self._edge.heal(fault_id)
        self._disturb(line, index)
        del line[index]

    def clear(self) -> None:
        """Take every toxic away."""
        for toxic in self.toxics:
            self.remove(toxic.name)

    def require_ours(self) -> None:
        """
        Refuse what only whoever has opened its edge may do.

        Raises:
            ApiError: If that was somebody else.
        """
        if not self.is_ours:
            raise ApiError(
                f"{self.name} is an edge that was opened elsewhere, and keeps its address and its upstream; nothing was changed", HTTPStatus.CONFLICT
            )

    def _opened(self, listen: Listen, upstream: str) -> Edge:
        assert self._open_edge is not None
        with _bind_errors(listen):
            return self._open_edge(self.name, listen, upstream_address(upstream))

    def _settle(self, edge: Edge) -> None:
        """Make an edge this proxy's: it listens where that does, and its toxics are armed there."""
        self._edge = edge
        self.listen = str(Listen(host=edge.address.host, port=edge.address.port))
        for toxic in self.toxics:
            self._arm(edge, toxic)

    def _move(self, listen: str, resolved: Listen, upstream: str) -> None:
        if str(resolved) == self.listen and self._edge is not None:
            self.stop()
            self._edge.upstream, self.upstream = upstream_address(upstream), upstream
            return
        with self.making_room(resolved):
            edge = self._opened(resolved, upstream)
        self.close()
        self.listen, self.upstream, self.enabled = listen, upstream, True
        self._settle(edge)

    def _arm(self, edge: Edge, toxic: Toxic) -> None:
        for fault_id, fault in zip(_ids(toxic.name), self._faults[toxic.name], strict=False):
            edge.arm(fault_id, fault, name=toxic.name)

    def _disturb(self, line: Sequence[Toxic], index: int) -> None:
        for toxic in self._semantics.disturbs(line, index):
            if self._edge is not None:
                for fault_id, fault in zip(_ids(toxic.name), self._faults[toxic.name], strict=False):
                    self._edge.replace(fault_id, fault)


_BIND_WORDS: Final = {
    errno.EADDRINUSE: "address already in use",
    errno.EACCES: "permission denied",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
}


def _ids(toxic: str) -> tuple[str, str]:
    """Return what a toxic's faults are called at the edge; apart from the ids of whoever else arms faults there."""
    return f"toxic/{toxic}", f"toxic/{toxic}/2"


@contextlib.contextmanager
def _bind_errors(listen: Listen) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        words = _BIND_WORDS.get(error.errno or 0) or os.strerror(error.errno or 0).lower()
        raise ApiError(f"listen tcp {listen}: bind: {words}", HTTPStatus.INTERNAL_SERVER_ERROR) from None
