"""
The runner's end of the control connection to a child process of ours that works by itself: a load generator, a capture, probes elsewhere.

    runner  listens on PATH       child  python -m MODULE --control PATH, connects

Both speak lines of JSON, which words is their own business; that a child cannot do its work it says with ``{"failed": "why"}``. Its death must not be
mistaken for silence, nor its silence for patience: every wait has a deadline, and the end of the connection is reported with how the process ended and
what it said last.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import NS_PER_S, Duration, JsonObject, now_ns, seconds, wait_until
from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.rig.keeper import Child, Keeper, Namespaces

__all__ = ["CONNECT_WITHIN", "ControlLink"]

CONNECT_WITHIN: Final = seconds(20)
"""For the process to start and connect: a third of a second on an idle machine."""

_END_WITHIN: Final = seconds(2)
_LINE_MAX: Final = 1024 * 1024
_LOG_TAIL: Final = 2000
_SOCKET_PATH_MAX: Final = 107


class ControlLink:
    """A connected child. Make one with ``open``."""

    def __init__(self, keeper: Keeper, child: Child, log: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keeper = keeper
        self._log = log
        self._reader = reader
        self._writer = writer
        self.child = child

    @classmethod
    async def open(cls, keeper: Keeper, directory: Path, *, module: str, name: str, inside: Namespaces | None = None) -> ControlLink:
        """
        Start a child, its socket and log in a directory, and wait until it has connected.

        Args:
            keeper: The parent of its process.
            directory: Where its socket and its log go; nobody else's may be there.
            module: What is run.
            name: What it is, for people.
            inside: The network it lives in, if that is not ours; the socket belongs to the file system, which is the same in all of them.

        Raises:
            RigError: If it does not.
        """
        control, log = directory / "control", directory / "log"
        if len(os.fsencode(control)) > _SOCKET_PATH_MAX:
            raise RigError(f"{control} is longer than the {_SOCKET_PATH_MAX} bytes a Unix socket's path may have; set TMPDIR to a shorter one")
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.get_running_loop().create_future()
        server = await asyncio.start_unix_server(lambda *streams: connected.set_result(streams), control, limit=_LINE_MAX)
        try:
            argv = (sys.executable, "-m", module, "--control", control)
            child = keeper.spawn(argv, name=name, log=log, env=dict(os.environ), inside=inside)
            async with asyncio.timeout(CONNECT_WITHIN.s):
                while not connected.done():
                    await asyncio.wait({connected}, timeout=0.05)
                    if not connected.done() and keeper.exit_status(child) is not None:
                        raise _ended(keeper, child, log)
        except TimeoutError:
            raise RigError(f"the {name} did not connect within {CONNECT_WITHIN}; its log: {_tail(log)}") from None
        finally:
            server.close()
        return cls(keeper, child, log, *connected.result())

    async def say(self, message: JsonObject, *, descriptors: tuple[int, ...] = ()) -> None:
        """
        Send a message of the protocol.

        Args:
            message: The message.
            descriptors: Open files that the child gets with it, as its own; only with a short message, and with no other on its way.
        """
        line = json.dumps(message).encode() + b"\n"
        if descriptors:
            with socket.socket(fileno=os.dup(self._writer.get_extra_info("socket").fileno())) as wire, suppress(ConnectionError):
                socket.send_fds(wire, [line], descriptors)
            return
        self._writer.write(line)
        # A connection that broke shows when the next line is read, together with the reason.
        with suppress(ConnectionError):
            await self._writer.drain()

    async def answer(self, key: str, *, within: Duration) -> Any:
        """
        Return what the child says under a key, as its next line.

        Raises:
            RigError: If it says nothing in time, or that it failed.
            LocalProtocolError: If it says something else.
        """
        message = json.loads(await self.line(until_ns=now_ns() + within.ns))
        if key not in message:
            raise LocalProtocolError(f"the {self.child.name} should have said {key!r}, and said {', '.join(message)}")
        return message[key]

    async def line(self, *, until_ns: int) -> str:
        """
        Return the next line.

        Args:
            until_ns: The deadline on the machine's monotonic clock.

        Raises:
            RigError: If the child failed, died or hangs.
        """
        try:
            async with asyncio.timeout(max(0, until_ns - now_ns()) / NS_PER_S):
                line = await self._reader.readline()
        except TimeoutError:
            raise RigError(
                f"the {self.child.name} (process {self.child.pid}) hangs: it has not said what was due by now; its log: {_tail(self._log)}"
            ) from None
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            # A process whose socket has closed takes a moment to become a status.
            with suppress(RigError):
                await wait_until(lambda: self._keeper.exit_status(self.child) is not None, within=_END_WITHIN, what="its end")
            raise _ended(self._keeper, self.child, self._log)
        if line.startswith(b'{"failed"'):
            raise RigError(f"the {self.child.name} could not do its work: {json.loads(line)['failed']}")
        return line.decode()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def _ended(keeper: Keeper, child: Child, log: Path) -> RigError:
    status = keeper.exit_status(child)
    how = "closed its connection" if status is None else f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return RigError(f"the {child.name} (process {child.pid}) {how} before its work was done; the end of its log: {_tail(log)}")


def _tail(log: Path) -> str:
    with suppress(OSError):
        return log.read_text(errors="replace")[-_LOG_TAIL:].strip() or "(empty)"
    return "(there is none)"
