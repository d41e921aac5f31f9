"""
The generator's line to the runner: lines of JSON out, without ever waiting for the reader.

A line is encoded when it happens and written at the next heartbeat, so that a system call is made for a handful of events and never
between a planned instant and its send. What the kernel does not take is kept in memory, up to a bound: a runner that far behind is not
recording any more, and a load without a record is not worth going on with.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.history import Event, encode

__all__ = ["UNREAD_MAX", "Outbox"]

UNREAD_MAX: Final = 64 * 1024 * 1024
"""Bytes the runner may be behind: a quarter of a million events."""


class Outbox:
    """
    Lines on their way to the runner.

    Args:
        writer: The control connection.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._lines: list[str] = []

    def record(self, event: Event) -> None:
        """Put an event on its way."""
        self._lines.append(encode(event))

    def say(self, message: JsonObject) -> None:
        """Put a message of the protocol on its way, at once and after all events before it."""
        self._lines.append(json.dumps(message))
        self.flush()

    def flush(self) -> None:
        """
        Hand on what has gathered.

        Raises:
            RigError: If the runner is ``UNREAD_MAX`` bytes behind.
        """
        if not self._lines:
            return
        self._writer.write(("\n".join(self._lines) + "\n").encode())
        self._lines.clear()
        if self._writer.transport.get_write_buffer_size() > UNREAD_MAX:
            raise RigError(f"the runner is more than {UNREAD_MAX} bytes of events behind, so it does not record them; the load ends here")
