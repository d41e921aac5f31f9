"""
Serve an ASGI app, say in a file how that went, and let its connection pool be looked at.

This file runs by its path in the interpreter of the service under test. That interpreter knows nothing of the laboratory, so nothing
is imported here but the standard library and uvicorn, and the directory of this file is taken off the path before the app is loaded.

    bind 127.0.0.1:0  ->  import the app  ->  start it (its lifespan)  ->  report "serving" with the port  ->  serve
                              |                     |
                              `-> report "failed"   `-> report "failed", with what was said

The kernel chooses the port and this process holds it from then on, so nobody else can ever be asked in the service's name. Where nobody
could reach a port, as in a network namespace, it answers on a Unix socket. The report appears whole or not at all.

The pool's observer is a thread that waits on a Unix socket of its own; whoever connects is told once, as a line of JSON, what FraiseQL's pool says of
itself and who waits in it, and the connection ends. It reads and never writes: it takes no lock, calls nothing that waits, and imports nothing for the
app, so an app that has not made a pool has none.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import logging
import os
import platform
import socket
import sys
import threading
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import uvicorn

BACKLOG = 2048
"""uvicorn's own default: a burst waits in the kernel's queue, as it would in production, and is not turned away by the launcher."""

KEEP_ALIVE_S = 75
"""
How long an idle connection stays open; nginx's default. uvicorn's 5 s are shorter than a client may pause, and a request that crosses the
close on its way would be counted against the service although only the two ends of one idle connection disagreed.
"""

TRACEBACK_CHARACTERS = 4000
"""Enough for the last dozen frames; the whole of it is in the log."""

TELL_WITHIN_S = 1.0
"""How long somebody who asked after the pool may take to read the answer, before the next one is heard."""

READINGS = 5
"""How often a queue is read until it stood still between two readings; it moves while it is read only if it moves within microseconds."""

NO_POOL = "the app has made no connection pool of FraiseQL's"

DISTRIBUTIONS = ("fraiseql", "fastapi", "graphql-core", "psycopg", "psycopg-pool", "starlette", "uvicorn")


class ReportingServer(uvicorn.Server):
    """
    A server that reports once it has started, or that it will not.

    Args:
        config: As for uvicorn.
        report: Where the report goes.
    """

    def __init__(self, config: uvicorn.Config, report: Path) -> None:
        super().__init__(config)
        self._report = report
        self._complaints = Complaints()
        logging.getLogger("uvicorn.error").addHandler(self._complaints)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does. If the app's lifespan failed, some releases return without having started, others exit."""
        assert sockets
        try:
            await super().startup(sockets)
        finally:
            if self.started:
                write_report(self._report, {"state": "serving", **place(sockets[0]), **versions()})
            else:
                write_report(self._report, {"state": "failed", "stage": "startup", **self._complaints.summary()})


class Complaints(logging.Handler):
    """What uvicorn logged as an error: the only place where the traceback of a failed lifespan goes."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.messages.append(record.getMessage().strip())

    def summary(self) -> dict[str, str]:
        """Return the first complaint, which is the cause: its last line as the error, and as much as fits of the whole."""
        said = next(filter(None, self.messages), "the app's lifespan failed and said nothing")
        return {"error": said.splitlines()[-1], "traceback": said[-TRACEBACK_CHARACTERS:]}


class Observer:
    """
    Tells what FraiseQL's connection pool says of itself, and who waits in it.

    A client that waits gets a number when it is first seen, in the order of the queue, and keeps it for as long as it waits. Numbers are told as runs:
    a queue that serves the oldest first is always a single one, ``[[12, 57]]``. What waits is remembered from one look to the next, so that a number is
    never handed to a newcomer who happens to stand at the same place in memory.
    """

    def __init__(self) -> None:
        self._numbered: dict[int, tuple[int, Any]] = {}
        self._next = 0

    def serve(self, path: Path) -> None:
        """Answer on a Unix socket, from a thread of its own, until the process ends."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=self._answer, args=(listener,), name="pool observer", daemon=True).start()

    def _answer(self, listener: socket.socket) -> None:
        while True:
            asker, _ = listener.accept()
            with asker:
                asker.settimeout(TELL_WITHIN_S)
                try:
                    asker.sendall(json.dumps(self.look()).encode() + b"\n")
                except OSError:
                    continue  # Who asked has gone, and whoever comes next is to be answered all the same.

    def look(self) -> dict[str, Any]:
        """Return the pool's own numbers and its queue, or why there are none."""
        dependencies = sys.modules.get("fraiseql.fastapi.dependencies")
        if dependencies is None:
            return {"error": NO_POOL}
        try:
            pool = dependencies.get_db_pool()
        except Exception as error:  # noqa: BLE001  whatever another release raises, the thread must live to say it
            return {"error": f"{NO_POOL}: {error}"}
        try:
            waiting, stats = read_pool(pool)
        except Exception as error:  # noqa: BLE001  see above
            return {"error": f"the pool, a {type(pool).__name__}, cannot be read: {type(error).__name__}: {error}"}
        return {"stats": stats, **({} if waiting is None else self._queue(waiting))}

    def _queue(self, waiting: tuple[Any, ...]) -> dict[str, Any]:
        numbered = {}
        for client in waiting:
            known = self._numbered.get(id(client))
            if known is None:
                known, self._next = (self._next, client), self._next + 1
            numbered[id(client)] = known
        self._numbered = numbered
        # Who has given up is told so by the pool, and keeps its place until a connection comes by.
        given_up = sum(getattr(client, "error", None) is not None for client in waiting)
        return {"queue": runs(number for number, _ in numbered.values()), "numbered": self._next, "given_up": given_up}


def read_pool(pool: Any) -> tuple[tuple[Any, ...] | None, dict[str, Any]]:
    """Return who waits, in the pool's order, and what it says of itself at the same moment; None for the first if it shows no queue."""
    for _ in range(READINGS):
        # A copy of a deque is one step of the interpreter, which the event loop cannot interrupt.
        queue = getattr(pool, "_waiting", None)
        before = None if queue is None else tuple(queue)
        stats = {name: value for name, value in pool.get_stats().items() if isinstance(value, int)}
        if queue is None or tuple(queue) == before:
            break
    return before, stats


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Return numbers in their order, as the first and last of each run that goes up by one."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def main() -> None:
    """Read the command line, serve until a signal comes, and exit with 1 if there was nothing to serve."""
    arguments = read_arguments()
    listener = listen(arguments.unix_socket)
    # Python put the directory of this file first, where our modules would shadow the app's.
    sys.path[:1] = [str(arguments.app_dir)] if arguments.app_dir else []
    try:
        app = load(arguments.app, factory=arguments.factory)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
        write_report(
            arguments.report, {"state": "failed", "stage": "import", "error": said, "traceback": traceback.format_exc()[-TRACEBACK_CHARACTERS:]}
        )
        raise
    if arguments.observer:
        Observer().serve(arguments.observer)
    server = ReportingServer(uvicorn.Config(app, access_log=False, log_level="info", timeout_keep_alive=KEEP_ALIVE_S), arguments.report)
    server.run(sockets=[listener])
    sys.exit(0 if server.started else 1)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Serve an ASGI app on a port of the kernel's choice, and say in a file how that went.")
    parser.add_argument("--app", required=True, help="module:attribute")
    parser.add_argument("--app-dir", type=Path, help="put first on the path")
    parser.add_argument("--factory", action="store_true", help="the attribute is a function that returns the app")
    parser.add_argument("--unix-socket", type=Path, help="where to answer; a port of loopback if not given")
    parser.add_argument("--observer", type=Path, help="where to answer what the connection pool says of itself; nowhere if not given")
    parser.add_argument("--report", required=True, type=Path, help="the file to write")
    return parser.parse_args()


def listen(unix_socket: Path | None) -> socket.socket:
    """Return a socket that listens: on a path, or on a port of loopback that the kernel chooses."""
    if unix_socket is None:
        return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(unix_socket))
    listener.listen(BACKLOG)
    return listener


def place(listener: socket.socket) -> dict[str, Any]:
    """Return where a listener is, for the report."""
    name = listener.getsockname()
    return {"unix_socket": name} if isinstance(name, str) else {"port": name[1]}


def load(path: str, *, factory: bool) -> Any:
    """
    Import an app.

    Args:
        path: ``module:attribute``; the attribute may have dots.
        factory: Whether to call it.
    """
    module, _, attribute = path.partition(":")
    found: Any = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    app = found() if factory else found
    if not callable(app):
        raise TypeError(f"{path} is a {type(app).__name__}, not an ASGI app")
    return app


def versions() -> dict[str, Any]:
    """Return what serves: the process, the interpreter, and the release of everything between HTTP and PostgreSQL."""
    found = {name: version for name in DISTRIBUTIONS if (version := installed(name)) is not None}
    return {"pid": os.getpid(), "python": platform.python_version(), "executable": sys.executable, **found}


def installed(name: str) -> str | None:
    """Return the version of a distribution, or None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write a file that is never seen half written."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(report), encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
