"""
The commanding end.

Calls may come from any thread or event loop; each is connect, one line out, one line back, within one deadline, so a process that died is told
apart from one that is slow. On an idle machine a call takes about 0.2 ms; it blocks, and is meant to.
"""

from __future__ import annotations

import array
import json
import os
import socket
import time
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import NS_PER_S, Duration, Json, JsonObject, now_ns, seconds
from fraiseql_chaos.errors import CapabilityError, DeclarationError, LocalProtocolError, PeerProtocolError, RigError

__all__ = ["DEADLINE", "ControlSocket"]

DEADLINE: Final = seconds(5)
"""How long a call may take; the process answers in microseconds, so only a stopped or starved one needs longer."""

POLL_S: Final = 0.005
"""How often a process that is starting is looked for."""

SOCKET_PATH_BYTES_MAX: Final = 107
"""``sun_path`` less its final zero (unix(7))."""

DESCRIPTORS_MAX: Final = 4
"""More than any answer carries."""


class ControlSocket:
    """
    Asks a process.

    Args:
        path: The Unix socket it was started with.
        who: What it is, for messages: ``edge proxy``.
        deadline: How long each call may take.

    Raises:
        DeclarationError: If the path is too long for a Unix socket.
    """

    def __init__(self, path: Path, *, who: str, deadline: Duration = DEADLINE) -> None:
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
            raise DeclarationError(f"a Unix socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes, and {path} is longer; nothing was started")
        self._path = path
        self._who = who
        self._deadline = deadline

    def wait_ready(self, within: Duration = DEADLINE) -> None:
        """
        Wait until the process answers.

        Raises:
            CapabilityError: If it says that this machine cannot do what it is for.
            RigError: If it does not answer in time.
        """
        deadline_ns = now_ns() + within.ns
        while True:
            try:
                self._call({"do": "ping"}, deadline_ns)
            except CapabilityError:  # An answer, and a final one: what the machine cannot do it will not be able to in five seconds.
                raise
            except RigError as error:
                if now_ns() + POLL_S * NS_PER_S >= deadline_ns:
                    raise RigError(f"the {self._who} was not ready within {within}: {error}") from None
                time.sleep(POLL_S)
            else:
                return

    def ask(self, request: JsonObject) -> Json:
        """
        Ask, and return the answer.

        Raises:
            DeclarationError: If what was asked for means nothing there.
            LocalProtocolError: If the request is none.
            CapabilityError: If this machine cannot do it.
            RigError: If the process is gone, does not answer in time, or could not do it.
            PeerProtocolError: If what it says is no answer.
        """
        return self._call(request, now_ns() + self._deadline.ns)[0]

    def ask_for_socket(self, request: JsonObject) -> socket.socket:
        """
        Ask for a socket, and return it.

        Raises:
            As ``ask``; PeerProtocolError also if no descriptor came.
        """
        answer, descriptors = self._call(request, now_ns() + self._deadline.ns)
        if len(descriptors) != 1:
            for descriptor in descriptors:
                os.close(descriptor)
            raise PeerProtocolError(f"the {self._who} answered with {len(descriptors)} descriptors instead of one: {answer!r:.200}")
        return socket.socket(fileno=descriptors[0])

    def _call(self, request: JsonObject, deadline_ns: int) -> tuple[Json, list[int]]:
        line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        try:
            answer, descriptors = self._exchange(line, deadline_ns)
        except TimeoutError:
            raise RigError(f"the {self._who} at {self._path} did not answer {request['do']!r} in time; it is stopped or starved") from None
        except OSError as error:
            raise RigError(f"the {self._who} at {self._path} is gone, or was never started ({error.strerror or error})") from None
        return self._outcome(answer), descriptors

    def _exchange(self, line: bytes, deadline_ns: int) -> tuple[bytes, list[int]]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_left_s(deadline_ns))
            sock.connect(str(self._path))
            sock.sendall(line)
            answer, descriptors = b"", array.array("i")
            while not answer.endswith(b"\n"):
                sock.settimeout(_left_s(deadline_ns))
                part, handed, _flags, _address = socket.recv_fds(sock, 2**16, DESCRIPTORS_MAX)
                descriptors.extend(handed)
                if not part:
                    raise ConnectionResetError("it ended before it had answered")
                answer += part
            return answer, descriptors.tolist()

    def _outcome(self, answer: bytes) -> Json:
        try:
            decoded: Json = json.loads(answer)
        except ValueError:
            decoded = None
        match decoded:
            case {"ok": value}:
                return value
            case {"error": {"whose": "declaration", "message": str(message)}}:
                raise DeclarationError(message)
            case {"error": {"whose": "protocol", "message": str(message)}}:
                raise LocalProtocolError(message)
            case {"error": {"whose": "capability", "message": str(message)}}:
                raise CapabilityError(message)
            case {"error": {"whose": "rig", "message": str(message)}}:
                raise RigError(f"the {self._who} could not: {message}")
            case _:
                raise PeerProtocolError(f"the {self._who} answered with something that is no answer: {answer[:200]!r}")


def _left_s(deadline_ns: int) -> float:
    left_ns = deadline_ns - now_ns()
    if left_ns <= 0:
        raise TimeoutError
    return left_ns / NS_PER_S
