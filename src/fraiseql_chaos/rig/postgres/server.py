"""
What can be done to a PostgreSQL server, whoever owns it.

A server of ours can do all of it. One that the user named can only do what SQL can do, so ask ``verbs`` first, or be refused with the
reason. The guards undo themselves; the plain verbs do not.

What a rig needs of its server it gets from either: a database for a service, and back with it; the log, if it is ours to read; word of its
death, if it is ours to watch. So nobody asks which of the two it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal, Protocol

from fraiseql_chaos.rig.postgres.server_log import ServerLog

__all__ = ["SQL_VERBS", "VERBS", "Freezable", "Server", "StopMode"]

type StopMode = Literal["smart", "fast", "immediate"]
"""How the postmaster is asked to end: when the last client has left, now with a word to each, or now without."""

type Freezable = Literal["postmaster", "all"] | int
"""The postmaster (nobody new gets in), every process, or one backend by its process number."""

SQL_VERBS: Final = frozenset({"terminate_backends", "cancel_backends", "setting"})
"""What needs no more than a connection, and for ``setting`` a superuser's."""

VERBS: Final = SQL_VERBS | {"stop", "start", "restart", "crash", "freeze", "thaw", "create_template", "clone", "drop"}
"""Everything. ``stopped``, ``crashed`` and ``frozen`` come with ``stop``, ``crash`` and ``freeze``."""


class Server(Protocol):
    """A PostgreSQL server, under the verbs it offers; any other verb raises a CapabilityError that names it and says why not."""

    @property
    def version(self) -> str:
        """Its version, as in ``18.6``."""

    @property
    def major(self) -> int:
        """Its major version."""

    @property
    def host(self) -> str:
        """Where clients connect."""

    @property
    def port(self) -> int:
        """Where clients connect."""

    @property
    def server_log(self) -> ServerLog | None:
        """What the server says; None if its log is not ours to read."""

    def verbs(self) -> frozenset[str]:
        """Return the verbs this server offers."""

    def ended(self) -> str | None:
        """Return how it ended; None while it runs, or if it is not ours to watch."""

    def leader(self) -> int | None:
        """Return its first process; None while it does not run, or if its processes are not ours to look at."""

    async def provide_database(self, name: str, scripts: Sequence[str]) -> str:
        """Return the name of a database that is as the scripts make it: a new one if the server is ours, else the one that the user named."""

    async def discard_database(self, name: str) -> None:
        """Take back what ``provide_database`` made; what the user named stays."""

    async def close(self) -> None:
        """End a server of ours; leave the user's alone."""

    def dsn(self, database: str, *, user: str | None = None, via: tuple[str, int] | None = None) -> str:
        """Return a URI for clients, through an edge's address if one is given."""

    def control_dsn(self, database: str | None = None) -> str:
        """Return a URI for ourselves, past every edge."""

    async def terminate_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """End client sessions, wait until they are gone, and return them."""

    async def cancel_backends(self, pids: Collection[int] | None = None, *, database: str | None = None) -> tuple[int, ...]:
        """Cancel what client sessions are doing, and return them."""

    def setting(self, name: str, value: str) -> AbstractAsyncContextManager[None]:
        """Change a setting of the whole server, and put it back."""

    async def stop(self, mode: StopMode = "fast") -> None:
        """Shut down and wait for the end."""

    async def start(self) -> None:
        """Start and wait until clients are let in."""

    async def restart(self, mode: StopMode = "fast") -> None:
        """Shut down and start."""

    async def crash(self) -> None:
        """Kill the postmaster and wait until nothing of the server is left."""

    async def freeze(self, what: Freezable) -> tuple[int, ...]:
        """Stop processes in their tracks, and return them."""

    async def thaw(self, what: Freezable = "all") -> None:
        """Let frozen processes go on."""

    def stopped(self, mode: StopMode = "fast") -> AbstractAsyncContextManager[None]:
        """Keep the server shut down."""

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Keep the server dead; the start afterwards recovers from the write-ahead log."""

    def frozen(self, what: Freezable) -> AbstractAsyncContextManager[None]:
        """Keep processes frozen."""
