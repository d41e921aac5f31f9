"""
The process of the clients inside: ``python -m fraiseql_chaos.probes.inside --control PATH``.

    runner                                                          clients
      {"play": ["edge_login", ...], "edge": {...}}        ----->    and with it, by SCM_RIGHTS, what asks the server's kernel, where there is such a socket
                                                          <-----    {"ready": true}
      {"look": true}                                      ----->
                                                          <-----    each look as the line of a history, and {"alive": true} when a beat is due
      {"stop": true}                                      ----->
                                                          <-----    {"done": true}, behind the last look
      hangs up, and the process ends

The beat is there because clients may have nothing to say for a while, and the runner must be able to tell that from a process that hangs. The end
of the process before the runner has hung up is always a mishap.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
from collections.abc import Sequence
from typing import Any, Final

from fraiseql_chaos.core import JsonObject, ms
from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.history import Sample, encode
from fraiseql_chaos.probes.clients import Edge, clients
from fraiseql_chaos.probes.model import Probe, sampling

__all__ = ["BEAT", "main"]

BEAT: Final = ms(500)
"""How often the process says that it lives."""

_LINE_MAX: Final = 2**16
_UNREAD_MAX: Final = 8 * 2**20
"""Bytes the runner may be behind, some minutes of all clients' looks: by then it records nothing any more."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Look until told to stop, or until nobody listens any more."""
    parser = argparse.ArgumentParser(description="Clients of an edge, in its own network; started by the runner.")
    parser.add_argument("--control", required=True, metavar="PATH", help="Unix socket that the runner listens on")
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(parser.parse_args(arguments).control)
        try:
            probes = _cast(control)
        except LocalProtocolError as error:
            control.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
            return
        if probes:
            asyncio.run(_serve(control, probes))


def _cast(control: socket.socket) -> tuple[Probe, ...]:
    """Return who is to look, by the runner's first line; nobody if the runner has gone away."""
    line, descriptors, _, _ = socket.recv_fds(control, _LINE_MAX, 1)
    if not line:
        return ()
    match json.loads(line):
        case {"play": [*names], "edge": edge, **rest} if not rest:
            kernel = socket.socket(fileno=descriptors[0]) if descriptors else None
            return clients(names, Edge.from_json(edge, server_kernel=kernel))
        case order:
            raise LocalProtocolError(f"the runner should have sent 'play' and 'edge', and sent {', '.join(order)}")


async def _serve(control: socket.socket, probes: tuple[Probe, ...]) -> None:
    reader, writer = await asyncio.open_connection(sock=control)
    runner = Runner(reader, writer)
    runner.say({"ready": True})
    if not await runner.told("look"):
        return
    async with sampling(probes, runner.show):
        is_wanted = await runner.told("stop")
    if is_wanted:
        runner.say({"done": True})
        await reader.read()


class Runner:
    """
    The runner, as it is spoken to.

    Args:
        reader: From it.
        writer: To it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def show(self, sample: Sample) -> None:
        """Send a look."""
        self._send(encode(sample))

    def say(self, message: JsonObject) -> None:
        """Send a word of the protocol."""
        self._send(json.dumps(message))

    async def told(self, word: str) -> bool:
        """
        Wait for a word, and tell whether it came (True) or the runner has gone away (False); meanwhile say that we live.

        Raises:
            LocalProtocolError: If another came.
        """
        line = asyncio.ensure_future(self._reader.readline())
        try:
            while not (await asyncio.wait({line}, timeout=BEAT.s))[0]:
                self.say({"alive": True})
        finally:
            line.cancel()
        came: Any = json.loads(line.result() or b"null")
        if came not in ({word: True}, None):
            raise LocalProtocolError(f"the runner should have sent {word!r}, and sent {came!r:.200}")
        return came is not None

    def _send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\n")
        if self._writer.transport.get_write_buffer_size() > _UNREAD_MAX:
            raise RigError(f"the runner is more than {_UNREAD_MAX} bytes of looks behind, so it does not record them")
