"""
Whether the server lets a client in, by the first message it answers a login with.

libpq tells the text of such a refusal but not its SQLSTATE, and a text may be in any language. So these looks speak the few bytes of protocol that it
takes themselves (PostgreSQL manual, "Message Formats"): a StartupMessage out, the head of one message in.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Final

from fraiseql_chaos.core import Duration, ms, now_ns, seconds
from fraiseql_chaos.probes.model import Look
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME

__all__ = ["EdgeLogin"]

_PROTOCOL_3: Final = 196608
_ANSWER_BYTES_MAX: Final = 8192
"""No server has more to say before a login than this; one that has is no PostgreSQL."""


class EdgeLogin:
    """
    Begin to log in through an edge, and go as soon as the server asks for a password or lets us in.

    Args:
        host, port: Where the edge listens.
        user, database: As whom, and to what.
        within: How long a look may take.
    """

    name = "edge_login"

    def __init__(self, host: str, port: int, *, user: str, database: str, every: Duration = ms(200), within: Duration = seconds(2)) -> None:
        self.every = every
        self._address = host, port
        self._within = within
        words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database, "application_name", APPLICATION_NAME, ""))
        self._startup = struct.pack("!II", len(words) + 8, _PROTOCOL_3) + words

    async def look(self) -> Look:
        """Ask once; a refusal has the SQLSTATE that the server gave for it."""
        began_ns = now_ns()
        try:
            async with asyncio.timeout(self._within.s):
                code, body = await self._first_answer()
        except TimeoutError:
            return Look(ok=False, value={"sqlstate": None}, error=f"no answer within {self._within}")
        except (OSError, EOFError) as error:
            return Look(ok=False, value={"sqlstate": None}, error=str(error) or type(error).__name__)
        sqlstate = _field(body, b"C") if code == b"E" else None
        took_ms = round((now_ns() - began_ns) / 1e6, 3)
        return Look(ok=code == b"R", value={"sqlstate": sqlstate, "took_ms": took_ms}, error=_field(body, b"M") if code == b"E" else "")

    async def close(self) -> None:
        """Nothing is held open between looks."""

    async def _first_answer(self) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            writer.write(self._startup)
            head = await reader.readexactly(5)
            length = int.from_bytes(head[1:])
            if not 4 <= length <= _ANSWER_BYTES_MAX:
                raise EOFError(f"an answer of {length} bytes is none of a PostgreSQL server")
            return head[:1], await reader.readexactly(length - 4)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _field(body: bytes, kind: bytes) -> str:
    """Return a field of an ErrorResponse; empty if it has none of this kind."""
    return next((field[1:].decode(errors="replace") for field in body.split(b"\0") if field[:1] == kind), "")
