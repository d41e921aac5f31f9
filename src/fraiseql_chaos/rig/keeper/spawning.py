"""
Start a process that cannot outlive us.

Between ``fork`` and ``exec`` stand only system calls. The order matters: the change of user comes before ``PR_SET_PDEATHSIG``, which it would
clear, and the look at our parent comes after it, in case the parent died in between. Namespaces are entered before both, while we still may.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any, NoReturn

from fraiseql_chaos.rig.keeper import processes
from fraiseql_chaos.rig.keeper.namespaces import Namespaces

__all__ = ["SpawnRequest", "spawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnRequest:
    """What to start; every path absolute, the environment complete."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    log: str
    uid: int | None
    gid: int | None
    inside: Namespaces | None

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> SpawnRequest:
        """Read a request of the runner."""
        return cls(
            argv=tuple(raw["argv"]),
            env=raw["env"],
            cwd=raw["cwd"],
            log=raw["log"],
            uid=raw["uid"],
            gid=raw["gid"],
            inside=None if raw["inside"] is None else Namespaces.from_json(raw["inside"]),
        )


def spawn(request: SpawnRequest) -> int:
    """
    Start a process in a session of its own and return its number.

    Raises:
        OSError: If it could not be started; the message is the kernel's.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(request, parent, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        complaint = pipe.read()
    if complaint:
        os.waitpid(pid, 0)
        raise OSError(complaint.decode())
    return pid


def _become(request: SpawnRequest, parent: int, complaints: int) -> NoReturn:
    try:
        os.setsid()
        log = os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
            os.dup2(source, target)
        if request.inside is not None:
            request.inside.enter()
        if request.gid is not None:
            os.setgroups([])
            os.setresgid(request.gid, request.gid, request.gid)
        if request.uid is not None:
            os.setresuid(request.uid, request.uid, request.uid)
        processes.die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        os.chdir(request.cwd)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.execve(request.argv[0], request.argv, request.env)
    except OSError as error:
        os.write(complaints, f"{request.argv[0]}: {error.strerror}: {error.filename or ''}".encode())
    finally:
        os._exit(127)
