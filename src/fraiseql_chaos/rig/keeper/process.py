"""
The keeper's own process: wait for requests, for children, and for the end of the runner.

Protocol: one JSON object a line over the socket pair the runner made, each answered by one line. Requests come one at a time.

    {"do": "spawn", ...}                  -> {"pid": 4711, "start_ticks": 81226}
    {"do": "status", "pid": 4711}         -> {"status": null | exit code | -signal}
    {"do": "protect", "undo": {...}}      -> {"number": 3}
    {"do": "release", "number": 3}        -> {}
    {"do": "close"}                       -> {"errors": [...]}, then the process ends
    anything that cannot be done          -> {"error": "..."}

The end of the socket, or of the runner's process, is a "close" that nobody waits for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.keeper import processes
from fraiseql_chaos.rig.keeper.healing import heal, sweep
from fraiseql_chaos.rig.keeper.lease import Journal, Lease
from fraiseql_chaos.rig.keeper.spawning import SpawnRequest, spawn
from fraiseql_chaos.rig.keeper.undo import undo_from_json

__all__ = ["main"]


class _Children:
    """Who was started, who has ended and how."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._status: dict[int, int | None] = {}

    def spawn(self, request: SpawnRequest) -> dict[str, Any]:
        pid = spawn(request)
        ticks = processes.start_ticks(pid) or 0
        self._status[pid] = None
        self._journal.note_spawned(pid, ticks)
        return {"pid": pid, "start_ticks": ticks}

    def status(self, pid: int) -> int | None:
        self.reap()
        return self._status[pid]

    def reap(self) -> None:
        """Collect who has ended; adopted orphans among them need no more than that."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in self._status:
                    self._status[ended[0]] = os.waitstatus_to_exitcode(ended[1])


def main() -> None:
    """Serve one runner until it ends, then heal."""
    parser = argparse.ArgumentParser(prog="fraiseql-chaos-keeper")
    parser.add_argument("--lease-fd", type=int, required=True)
    arguments = parser.parse_args()
    lease_socket = socket.socket(fileno=arguments.lease_fd)
    runner = os.pidfd_open(os.getppid())
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes.subreap()
    try:
        swept = sweep(below=os.getpid())
        lease = Lease.take()
    except (RigError, OSError) as error:
        _answer(lease_socket, {"error": str(error)})
        return
    journal = Journal(lease.journal)
    closing = False
    try:
        _answer(lease_socket, {"lease": lease.name, "directory": str(lease.directory), "swept": swept})
        closing = _serve(lease_socket, runner, journal)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        errors = heal(lease, journal, below=os.getpid())
        if closing:
            _answer(lease_socket, {"errors": errors})


def _serve(lease_socket: socket.socket, runner: int, journal: Journal) -> bool:
    """Answer requests until the runner closes (True) or is gone (False)."""
    children = _Children(journal)
    for line in _lines(lease_socket, runner, children):
        request = json.loads(line)
        if request["do"] == "close":
            return True
        try:
            reply = _perform(request, journal, children)
        except OSError as error:
            reply = {"error": str(error)}
        _answer(lease_socket, reply)
    return False


def _perform(request: dict[str, Any], journal: Journal, children: _Children) -> dict[str, Any]:
    match request["do"]:
        case "spawn":
            return children.spawn(SpawnRequest.from_json(request))
        case "status":
            return {"status": children.status(request["pid"])}
        case "protect":
            return {"number": journal.protect(undo_from_json(request["undo"]))}
        case "release":
            journal.release(request["number"])
            return {}
        case unknown:
            return {"error": f"unknown request {unknown!r}"}


def _lines(lease_socket: socket.socket, runner: int, children: _Children) -> Iterator[bytes]:
    """Yield requests; return when the socket or the runner ends. Children are reaped meanwhile, so that none lingers as a zombie."""
    wakeup_reader, wakeup_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
    poll = select.poll()
    for descriptor in (lease_socket.fileno(), runner, wakeup_reader):
        poll.register(descriptor, select.POLLIN)
    pending = b""
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wakeup_reader in ready:
            os.read(wakeup_reader, 4096)
            children.reap()
        if lease_socket.fileno() in ready:
            try:
                chunk = lease_socket.recv(1 << 20)
            except ConnectionResetError:
                return
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            yield from lines
        elif runner in ready:
            return


def _answer(lease_socket: socket.socket, reply: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        lease_socket.sendall(json.dumps(reply).encode() + b"\n")


if __name__ == "__main__":
    main()
