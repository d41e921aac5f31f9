"""What the service shows to the outside: whether it calls itself ready, and which way its connections go."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import NamedTuple

import aiohttp

from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.probes.model import Look

__all__ = ["ServicePath", "ServiceReady", "connections_to"]

_ESTABLISHED = "01"
_SYN_SENT = "02"

_INODE = 9
"""Which word of a line of ``/proc/net/tcp`` is the socket's inode."""


class ServiceReady:
    """
    Ask ``GET /ready`` as an orchestrator would.

    Args:
        url: The service's root.
        unix_socket: Where to connect instead of the URL's host and port; None for TCP.
        every: An orchestrator asks each second or less often; twice that resolves a detection time and still is no load.
        within: How long an answer may take; Kubernetes' default.
    """

    name = "service_ready"

    def __init__(self, url: str, *, unix_socket: Path | None = None, every: Duration = ms(500), within: Duration = seconds(1)) -> None:
        self.every = every
        self._unix_socket = unix_socket
        self._url = f"{url}/ready"
        self._within = within
        self._session: aiohttp.ClientSession | None = None

    async def look(self) -> Look:
        """Ask once; 200 is ready. No answer in time is our giving up, and marked so: it is no word of the service's."""
        self._session = self._session or self._open()
        try:
            async with self._session.get(self._url) as response:
                await response.read()
                return Look(ok=response.status == 200, value={"status": response.status})
        except TimeoutError:
            return Look(ok=False, value={"status": None, "given_up": True}, error=f"no answer within {self._within}")
        except (aiohttp.ClientError, OSError) as error:
            return Look(ok=False, value={"status": None}, error=type(error).__name__)

    def _open(self) -> aiohttp.ClientSession:
        way = None if self._unix_socket is None else aiohttp.UnixConnector(str(self._unix_socket))
        return aiohttp.ClientSession(connector=way, timeout=aiohttp.ClientTimeout(total=self._within.s))

    async def close(self) -> None:
        """Close the connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class ServicePath:
    """
    Ask the kernel whether the service's connections go through the edge.

    A service that found another way to the server is not hit by any fault on the edge, however slow the edge is.

    Args:
        pid: The service's process.
        edge_port, server_port: The two ways to the server.
    """

    name = "service_path"

    def __init__(self, pid: int, *, edge_port: int, server_port: int | None, every: Duration = ms(250)) -> None:
        self.every = every
        self._pid = pid
        self._edge_port = edge_port
        self._server_port = server_port

    async def look(self) -> Look:
        """Count established connections to both, and connects to the edge that got no answer yet."""
        through, around, connecting = await asyncio.to_thread(self._count)
        return Look(ok=through > 0 and around == 0, value={"through_edge": through, "around_edge": around, "connecting": connecting})

    async def close(self) -> None:
        """Nothing is held open between looks."""

    def _count(self) -> tuple[int, int, int]:
        sockets = _Sockets.of(self._pid)
        around = 0 if self._server_port is None else sockets.to(self._server_port)
        return sockets.to(self._edge_port), around, sockets.to(self._edge_port, state=_SYN_SENT)


def connections_to(pid: int, port: int, *, state: str = _ESTABLISHED) -> int:
    """
    Return how many TCP connections a process has to a port, by the kernel's own tables; 0 if the process is gone.

    Args:
        pid: The process.
        port: The port.
        state: Which connections are counted, in the table's own words; established ones if not given.
    """
    return _Sockets.of(pid).to(port, state=state)


class _Sockets(NamedTuple):
    """
    What the kernel says of a process's sockets, read once for all that is asked of it: a look that takes long on a busy machine is one look less.

    Attributes:
        inodes: Those of its descriptors that are sockets.
        lines: The table of all connections in its network, a line each.
    """

    inodes: frozenset[str]
    lines: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> _Sockets:
        """Read them; a process that is gone has none."""
        inodes = set()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(descriptor.readlink().name.removeprefix("socket:[").removesuffix("]"))
        lines: list[str] = []
        for name in ("tcp", "tcp6"):
            with contextlib.suppress(OSError):
                lines += Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        return cls(frozenset(inodes), tuple(lines))

    def to(self, port: int, *, state: str = _ESTABLISHED) -> int:
        """Return how many of them are connections to a port in a state."""
        # The remote port and the state stand side by side, and most lines are somebody else's: they need not be taken apart.
        marked = f":{port:04X} {state} "
        return sum(line.split()[_INODE] in self.inodes for line in self.lines if marked in line)
