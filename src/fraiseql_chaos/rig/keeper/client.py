"""
The runner's side of the keeper: a handle that starts processes and protects what must be undone.

Calls block for one round trip over a socket pair, some hundred microseconds, and may be made from any thread and any event loop.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from fraiseql_chaos.errors import InjectionError, RigError
from fraiseql_chaos.rig.keeper.namespaces import Namespaces
from fraiseql_chaos.rig.keeper.undo import Undo, undo_to_json

__all__ = ["Child", "Keeper", "Protection"]

ANSWER_DEADLINE_S: Final = 15.0
"""Closing kills and removes everything, which takes well under a second; the rest is for a machine that is busy with other things."""


_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """
    A process of the rig.

    Attributes:
        name: What it is, for people: ``postgres``, ``service``.
        pid: Its number, which is also that of its session and process group.
        start_ticks: When it started, in clock ticks since boot; with ``pid`` it names the process beyond doubt.
    """

    name: str
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Protection:
    """A promise of the keeper to undo something if we cannot."""

    number: int


class Keeper:
    """
    A lease on the world, held open by this process.

    Use it as a context manager; leaving it heals. If this process dies before, the keeper heals on its own.

    Attributes:
        lease: The lease's name.
        directory: Everything temporary goes below it; it is removed with the lease.
        swept: What could not be undone of what killed keepers left, a sentence each.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._process = process
        self._socket = connection
        self._lines = connection.makefile("rb")
        self._lock = threading.Lock()
        hello = self._receive()
        if "error" in hello:
            self._hang_up()
            raise RigError(hello["error"])
        self.lease: str = hello["lease"]
        self.directory = Path(hello["directory"])
        self.swept: tuple[str, ...] = tuple(hello["swept"])
        for complaint in self.swept:
            _LOGGER.warning("what an earlier run left could not be undone: %s", complaint)

    @classmethod
    def start(cls) -> Self:
        """
        Start a keeper, which first sweeps what killed keepers left.

        Raises:
            RigError: If it does not come up.
        """
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_DEADLINE_S)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fraiseql_chaos.rig.keeper.process", "--lease-fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        return cls(process, ours)

    def spawn(
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        uid: int | None = None,
        gid: int | None = None,
        inside: Namespaces | None = None,
    ) -> Child:
        """
        Start a process as the keeper's child, in a session of its own.

        Args:
            argv: The program's absolute path and its arguments.
            name: What it is, for people.
            log: Where its output is appended.
            env: Its whole environment; nothing is inherited.
            cwd: Where it runs; the lease's directory if not given.
            uid: The user it runs as; ours if not given.
            gid: The group it runs as, without supplementary groups; ours if not given.
            inside: The network it lives in; ours if not given.

        Raises:
            RigError: If it could not be started.
        """
        answer = self._ask(
            {
                "do": "spawn",
                "argv": [str(argument) for argument in argv],
                "env": {**env, "FRAISEQL_CHAOS_LEASE": self.lease},
                "cwd": str(cwd or self.directory),
                "log": str(log),
                "uid": uid,
                "gid": gid,
                "inside": None if inside is None else inside.to_json(),
            }
        )
        return Child(name=name, pid=answer["pid"], start_ticks=answer["start_ticks"])

    def exit_status(self, child: Child) -> int | None:
        """Return how a process ended: its exit code, or the negative number of the signal that killed it; None while it runs."""
        status: int | None = self._ask({"do": "status", "pid": child.pid})["status"]
        return status

    def protect(self, undo: Undo) -> Protection:
        """Have something undone if we should not live to undo it. Call it before the thing is done."""
        return Protection(self._ask({"do": "protect", "undo": undo_to_json(undo)})["number"])

    def release(self, protection: Protection) -> None:
        """Take a protection back: the thing has been undone."""
        self._ask({"do": "release", "number": protection.number})

    def close(self) -> None:
        """
        Undo, kill, remove.

        Raises:
            InjectionError: If something could not be undone; the message lists what.
        """
        if self._process.returncode is not None:
            return
        errors: list[str] = self._ask({"do": "close"})["errors"]
        self._hang_up()
        if errors:
            raise InjectionError("not everything could be undone:\n  " + "\n  ".join(errors))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            try:
                self._socket.sendall(json.dumps(request).encode() + b"\n")
            except OSError as error:
                raise self._lost() from error
            answer = self._receive()
        if "error" in answer:
            raise RigError(f"the keeper could not {request['do']}: {answer['error']}")
        return answer

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise self._lost() from error
        if not line:
            raise self._lost()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _lost(self) -> RigError:
        self._hang_up()
        return RigError(f"the keeper (process {self._process.pid}) is gone, and its children with it; the next start sweeps what it left")

    def _hang_up(self) -> None:
        self._lines.close()
        self._socket.close()
        try:
            self._process.wait(timeout=ANSWER_DEADLINE_S)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, 9)
            self._process.wait()
