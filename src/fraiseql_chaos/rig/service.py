"""
The service under test: a process of its own, in an interpreter of its own, known by its URL and its log.

    Service.start --keeper--> TARGET'S python launch_service.py --report file--> port --GET /ready--> ready

A service in a network namespace of its own has no port that anybody else could reach; it answers on a Unix socket instead, which belongs
to the file system and not to a network.

Of ours, two things run inside it, both in ``launch_service.py`` and both in the standard library: what starts uvicorn and reports it, and a thread that
sleeps until somebody asks what the connection pool says of itself, which it reads and never touches. Nothing of the runner's environment reaches it: two
runs on two machines start the same service.
Its working directory is the app's, as if somebody had typed ``uvicorn module:app`` there; a ``.env`` file lying there is read by
FraiseQL but cannot point the service at another database, because the environment says which one and has precedence.

A service that dies on its own is a finding and not an error of ours; ``exited`` says how it went, and nothing here starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Self

from fraiseql_chaos.core import Duration, JsonObject, now_ns, seconds, wait_until
from fraiseql_chaos.errors import RigError, ServiceError
from fraiseql_chaos.rig.interpreter import check_interpreter
from fraiseql_chaos.rig.keeper import Child, Keeper, Namespaces
from fraiseql_chaos.rig.keeper.processes import signal_if_same

__all__ = ["Service", "check_interpreter"]

LAUNCHER: Final = Path(__file__).with_name("launch_service.py")

START_DEADLINE: Final = seconds(30)
"""FraiseQL's imports take one to two seconds of processor time, and two cores may be shared with everything else that starts."""

TERMINATE_DEADLINE: Final = seconds(5)
"""How long uvicorn may take to finish what it is answering; a request that hangs would keep it for as long as it hangs."""

LAST_WORDS: Final = seconds(5)
"""How long a launcher that has failed is given to write its log to the end; it takes milliseconds."""

LOG_TAIL_CHARACTERS: Final = 2000

LOOPBACK: Final = "127.0.0.1"

_NO_VERSIONS: Final = frozenset({"state", "unix_socket"})


class Service:
    """
    A running service; make one with ``Service.start``.

    Attributes:
        url: Its root, as in ``http://127.0.0.1:43817``.
        unix_socket: Where to connect instead of the host and port of ``url``; None for TCP.
        observer: Where its connection pool can be looked at; None if nowhere.
        child: Its process.
        log: Where everything it prints goes.
        versions: The releases of what it is made of: ``python``, ``fraiseql``, ``psycopg``, ``uvicorn``...
    """

    def __init__(self, keeper: Keeper, child: Child, *, log: Path, report: JsonObject, observer: Path | None = None) -> None:
        self.unix_socket = Path(str(report["unix_socket"])) if "unix_socket" in report else None
        self.url = f"http://{LOOPBACK}:{report['port']}" if self.unix_socket is None else "http://localhost"
        self.observer = observer
        self.child = child
        self.log = log
        self.versions: dict[str, str] = {name: value for name, value in report.items() if isinstance(value, str) and name not in _NO_VERSIONS}
        self._keeper = keeper
        self._connect: Callable[..., http.client.HTTPConnection] = (
            partial(http.client.HTTPConnection, self.url.removeprefix("http://"))
            if self.unix_socket is None
            else partial(UnixHTTPConnection, self.unix_socket)
        )

    @classmethod
    async def start(
        cls,
        keeper: Keeper,
        *,
        python: Path,
        app: str,
        app_dir: Path | None,
        database_url: str,
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
        factory: bool = False,
        inside: Namespaces | None = None,
        unix_socket: Path | None = None,
        observer: Path | None = None,
        within: Duration = START_DEADLINE,
    ) -> Self:
        """
        Start a service and wait until it is ready.

        Args:
            keeper: Who owns its process.
            python: The interpreter of the environment it is installed in.
            app: ``module:attribute``.
            app_dir: Put first on its path, and its working directory; None if the app is installed.
            database_url: What it is told to connect to, as ``DATABASE_URL`` and as ``FRAISEQL_DATABASE_URL``.
            env: What else its environment says; it wins over everything but the database.
            directory: Where its log goes; the keeper's directory if not given.
            factory: Whether the attribute is a function that returns the app.
            inside: The network it lives in; ours if not given.
            unix_socket: Where it answers; a port of loopback, chosen by the kernel, if not given.
            observer: Where to make its connection pool visible, as a Unix socket; nowhere if not given.
            within: The deadline for all of it.

        Raises:
            RigError: If the interpreter is missing, or cannot serve FraiseQL.
            ServiceError: If the app does not import, does not start, dies, or is not ready in time.
        """
        began_ns = now_ns()
        await asyncio.to_thread(check_interpreter, python)
        directory = directory or keeper.directory / "service"
        log, report = _fresh_files(directory)
        child = keeper.spawn(
            _command(python, app, app_dir, report, factory=factory, unix_socket=unix_socket, observer=observer),
            name="service",
            log=log,
            env=_environment(database_url, env or {}),
            cwd=app_dir.resolve() if app_dir else directory,  # noqa: ASYNC240  a look at the local disk
            inside=inside,
        )
        try:
            serving = await _launched(keeper, child, app=app, report=report, log=log, within=within)
            service = cls(keeper, child, log=log, report=serving, observer=observer)
            await service.wait_ready(within=Duration(max(0, began_ns + within.ns - now_ns())))
        except ServiceError:
            signal_if_same(child.pid, child.start_ticks, signal.SIGKILL)
            raise
        return service

    async def wait_ready(self, *, within: Duration = START_DEADLINE) -> None:
        """
        Wait until the service says that it can serve.

        ``GET /ready`` decides; without such a route ``/health`` does, and without that any answer to a GraphQL request.

        Raises:
            ServiceError: If it died, or the deadline passed; the message carries the end of the log.
        """
        deadline_ns, last = now_ns() + within.ns, "nothing"
        while (left_ns := deadline_ns - now_ns()) > 0:
            if (end := self.exited()) is not None:
                raise ServiceError(f"the service was not ready before it ended: {end}")
            ready, said = await asyncio.to_thread(_ask, self._connect, min(left_ns / 1e9, 2.0))
            if ready:
                return
            if now_ns() < deadline_ns or last == "nothing":  # Whom the deadline cut short said nothing of the service, so what it said before stands.
                last = said
            await asyncio.sleep(min(0.02, left_ns / 1e9))
        raise ServiceError(f"the service was not ready within {within}; its last answer was {last}; {_tail(self.log)}")

    def exited(self) -> str | None:
        """Return how the process ended, with the end of its log; None while it runs."""
        status = self._keeper.exit_status(self.child)
        return None if status is None else f"{_how_it_ended(status)}; {_tail(self.log)}"

    async def terminate(self, *, within: Duration = TERMINATE_DEADLINE) -> None:
        """
        Ask the service to end, and end it if it does not.

        Args:
            within: How long it may take to finish its requests before it is killed.

        Raises:
            RigError: If the kernel does not end a killed process within another 5 s.
        """
        signal_if_same(self.child.pid, self.child.start_ticks, signal.SIGTERM)
        try:
            await wait_until(lambda: not self._runs(), within=within, what="the end of the service")
        except RigError:
            signal_if_same(self.child.pid, self.child.start_ticks, signal.SIGKILL)
            await wait_until(lambda: not self._runs(), within=TERMINATE_DEADLINE, what="the end of the killed service")

    def _runs(self) -> bool:
        return self._keeper.exit_status(self.child) is None


class UnixHTTPConnection(http.client.HTTPConnection):
    """
    HTTP over a Unix socket.

    Args:
        path: Where it is.
        timeout: Bound on each wait, in seconds.
    """

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect, within the same bound as every other wait."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _fresh_files(directory: Path) -> tuple[Path, Path]:
    """Return where the log and the launcher's report go, without a report of an earlier start."""
    directory.mkdir(parents=True, exist_ok=True)
    report = directory / "service.json"
    report.unlink(missing_ok=True)
    return directory / "service.log", report


def _command(
    python: Path, app: str, app_dir: Path | None, report: Path, *, factory: bool, unix_socket: Path | None, observer: Path | None
) -> list[str | Path]:
    where = ("--app-dir", app_dir.resolve()) if app_dir else ()
    how = ("--factory",) if factory else ()
    door = ("--unix-socket", unix_socket) if unix_socket else ()
    eye = ("--observer", observer) if observer else ()
    # The interpreter's path is not resolved: it is by the link's place that Python knows its environment.
    return [python.absolute(), LAUNCHER, "--app", app, *where, *how, *door, *eye, "--report", report]


def _environment(database_url: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a service: enough to run, and nothing that leads it to another interpreter or database."""
    home = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # Without buffering the log of a killed service is whole, and with the fault handler it says where a fatal signal struck.
    python = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    return {**home, **python, **extra, "DATABASE_URL": database_url, "FRAISEQL_DATABASE_URL": database_url}


async def _launched(keeper: Keeper, child: Child, *, app: str, report: Path, log: Path, within: Duration) -> JsonObject:
    """Wait for the launcher's report of a service that serves."""

    def reported() -> JsonObject | None:
        # The status is asked first: a launcher that reports a failure ends right after, and its report must not be missed.
        status = keeper.exit_status(child)
        if (found := _read_report(report)) is not None or status is None:
            return found
        raise ServiceError(f"the app {app!r} ended while it started: {_how_it_ended(status)}; {untouched}; {_tail(log)}")

    untouched = "nothing else was started"
    try:
        outcome = await wait_until(reported, within=within, what="the start")
    except ServiceError:
        raise
    except RigError:
        raise ServiceError(f"the app {app!r} did not finish starting within {within}; {untouched}; {_tail(log)}") from None
    if outcome["state"] == "failed":
        with contextlib.suppress(RigError):  # It ends right after its report; until then it still writes the log that is pointed to.
            await wait_until(lambda: keeper.exit_status(child) is not None, within=LAST_WORDS, what="the end of the launcher")
        what = "could not be imported" if outcome["stage"] == "import" else "was imported but did not start"
        raise ServiceError(f"the app {app!r} {what}: {outcome['error']}; {untouched}; the whole story is in {log}")
    return outcome


def _read_report(path: Path) -> JsonObject | None:
    try:
        report: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return report


def _ask(connect: Callable[..., http.client.HTTPConnection], timeout_s: float) -> tuple[bool, str]:
    """Ask once whether the service is ready; return the answer and what it said, for people."""
    said = "nothing"
    for method, path in (("GET", "/ready"), ("GET", "/health"), ("POST", "/graphql")):
        connection = connect(timeout=timeout_s)
        try:
            connection.request(method, path, body=b"{}" if method == "POST" else None, headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            said = f"{response.status} to {method} {path}: {response.read(200).decode(errors='replace')}"
        except (OSError, http.client.HTTPException) as error:
            return False, f"{type(error).__name__} to {method} {path}"
        finally:
            connection.close()
        if response.status not in {404, 405} or method == "POST":
            return response.status == http.HTTPStatus.OK or method == "POST", said
    return False, said


def _how_it_ended(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def _tail(log: Path) -> str:
    """Return the end of a log, and where the rest is."""
    try:
        text = log.read_bytes()[-LOG_TAIL_CHARACTERS:].decode(errors="replace").strip()
    except FileNotFoundError:
        return f"its log {log} was never written"
    return f"the end of its log {log}:\n{text}" if text else f"its log {log} is empty"
