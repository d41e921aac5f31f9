"""
Where messages begin and end in one direction of a connection, whatever pieces the bytes come in.

    data ... | type | length | body ............ | type | length | ...
             '-------- head -'-- prefix --'rest'

A framer holds the bytes of a head that is not complete yet, at most 7, and of a body only the prefix that somebody wants to read: the
name in a Bind, the text of a Query up to a limit, and nothing at all of rows and COPY data, which it skips by their length. So its memory
is bounded whatever a peer announces.

``advance`` reads at most one message on and never past its end. It does not copy what is to be forwarded; that is the engine's.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from enum import Enum
from functools import cache
from typing import Final

from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.model import Direction
from fraiseql_chaos.layers.wire.messages import (
    CANCEL_REQUEST,
    ENCRYPTION_ANSWER,
    GSSENC_REQUEST,
    LENGTH_MAX,
    SSL_REQUEST,
    STARTUP_BYTES_MAX,
    STARTUP_MESSAGE,
    message_name,
)

__all__ = ["BODY_LIMIT_DEFAULT", "HEAD", "HEAD_BYTES", "EncryptedFromTheStart", "Framer", "Mode"]

BODY_LIMIT_DEFAULT: Final = 2**20
"""How much of a statement's text is read: statements are thousands of bytes long, and what is longer is data."""

HEAD: Final = struct.Struct(">BI")
"""Type and length; the length counts itself and the body."""

HEAD_BYTES: Final = HEAD.size

_STARTUP_HEAD: Final = struct.Struct(">II")
_STARTUP_CODES: Final = {80877103: SSL_REQUEST, 80877104: GSSENC_REQUEST, 80877102: CANCEL_REQUEST}
_TLS_HANDSHAKE: Final = 0x16
"""A TLS record of type handshake: a client that speaks TLS from the first byte on (PostgreSQL 17, ``sslnegotiation=direct``)."""

_ERROR_RESPONSE: Final = ord("E")

_NAMES_BYTES: Final = 4096
"""How much of a body is read for the names in it; PostgreSQL's own names end at 63 bytes, a portal's may be longer."""


class Mode(Enum):
    """What the next bytes of a direction are."""

    STARTUP = "startup"
    """A packet without a type."""
    ANSWER = "answer"
    """The one byte that answers a request for encryption."""
    TYPED = "typed"
    """A message with a type."""
    OPAQUE = "opaque"
    """Encrypted: nothing is read any more."""


class Framer:
    """
    Finds the messages of one direction.

    Args:
        direction: Which way they go.
        body_limit: How much of a statement's text is read, in bytes.

    Attributes:
        mode: What the next message will be.
        ordinal: How many messages were complete before the one at hand.
        is_headed: Whether its head is complete.
        code: Its type, if it is.
        length: How many bytes it has in all.
        left: How many of them are still to come.
        body: The prefix of its body that was read.
        wanted: How long that prefix becomes.
    """

    __slots__ = (
        "_body_limit",
        "_direction",
        "_head",
        "_limits",
        "_prefixes",
        "body",
        "code",
        "is_headed",
        "left",
        "length",
        "mode",
        "ordinal",
        "wanted",
    )

    def __init__(self, direction: Direction, body_limit: int = BODY_LIMIT_DEFAULT) -> None:
        self._direction = direction
        self._body_limit = body_limit
        self._limits = LENGTH_MAX[direction]
        self._prefixes = _prefixes(direction, body_limit)
        self._head = b""
        self.mode = Mode.STARTUP if direction == "up" else Mode.TYPED
        self.ordinal = 0
        self.is_headed = False
        self.code = self.length = self.left = self.wanted = 0
        self.body = bytearray()

    @property
    def is_inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return self.is_headed or bool(self._head)

    @property
    def is_readable(self) -> bool:
        """Whether as much of the message is there as somebody wants to read."""
        return self.is_headed and len(self.body) >= self.wanted

    @property
    def is_complete(self) -> bool:
        """Whether the whole message has come by."""
        return self.is_headed and not self.left

    def advance(self, data: bytes, at: int) -> int:
        """
        Read on, to the end of the message at hand or of the data.

        Args:
            data: What has come.
            at: Where to read on in it; before its end.

        Returns:
            Where reading stopped.

        Raises:
            PeerProtocolError: If what comes is no message of the protocol.
        """
        if not self.is_headed:
            at = self._read_head(data, at)
            if not self.is_headed:
                return at
        end = min(len(data), at + self.left)
        if (missing := self.wanted - len(self.body)) > 0:
            self.body += data[at : min(end, at + missing)]
        self.left -= end - at
        return end

    def finish(self) -> None:
        """Go on to the next message."""
        self.ordinal += 1
        self.is_headed = False
        if self.body:
            self.body = bytearray()

    def limit(self, code: int) -> int:
        """Return how much of the body of such a message is read."""
        return self._prefixes.get(code, 0)

    def read_also(self, codes: Collection[int]) -> None:
        """Read as much of the body of these messages as of a statement's text, from the next message on."""
        self._prefixes = {**_prefixes(self._direction, self._body_limit), **dict.fromkeys(codes, self._body_limit)}

    def _read_head(self, data: bytes, at: int) -> int:
        if self.mode is Mode.TYPED and not self._head and len(data) - at >= HEAD_BYTES:
            self._begin_typed(*HEAD.unpack_from(data, at))
            return at + HEAD_BYTES
        if self.mode is Mode.ANSWER and data[at] == _ERROR_RESPONSE:
            self.mode = Mode.TYPED  # A server that is too old, or too full, answers with an error instead.
        if self.mode is Mode.ANSWER:
            self._begin(ENCRYPTION_ANSWER, 1, 0)
            return at
        if self.mode is Mode.STARTUP and not self._head and data[at] == _TLS_HANDSHAKE:
            raise EncryptedFromTheStart
        return self._collect_head(data, at, _STARTUP_HEAD.size if self.mode is Mode.STARTUP else HEAD_BYTES)

    def _collect_head(self, data: bytes, at: int, size: int) -> int:
        """Read a head that may come in pieces."""
        missing = size - len(self._head)
        self._head += data[at : at + missing]
        if len(self._head) == size:
            head, self._head = self._head, b""
            if self.mode is Mode.STARTUP:
                self._begin_startup(*_STARTUP_HEAD.unpack(head))
            else:
                self._begin_typed(*HEAD.unpack(head))
        return min(len(data), at + missing)

    def _begin(self, code: int, length: int, head_bytes: int) -> None:
        self.is_headed = True
        self.code, self.length, self.left = code, length, length - head_bytes
        self.wanted = min(self.left, self._prefixes.get(code, 0))

    def _begin_typed(self, code: int, length: int) -> None:
        if not 4 <= length <= self._limits[code]:
            raise self.unreadable(code, length)
        self._begin(code, length + 1, HEAD_BYTES)

    def _begin_startup(self, length: int, number: int) -> None:
        code = _STARTUP_CODES.get(number, STARTUP_MESSAGE if number >> 16 == 3 else 0)
        if not 8 <= length <= STARTUP_BYTES_MAX + 4:
            raise PeerProtocolError(f"a first packet of {length} bytes; PostgreSQL takes 8 to {STARTUP_BYTES_MAX + 4}")
        if not code:
            raise PeerProtocolError(f"a first packet of protocol {number >> 16}.{number & 0xFFFF}; only 3 is read")
        self._begin(code, length, _STARTUP_HEAD.size)

    def unreadable(self, code: int, length: int) -> PeerProtocolError:
        """Say what is wrong with a head."""
        whose = "client" if self._direction == "up" else "server"
        if not self._limits[code]:
            return PeerProtocolError(f"message {self.ordinal} of the {whose} has the unknown type {bytes((code,))!r}")
        name = message_name(self._direction, code)
        return PeerProtocolError(
            f"message {self.ordinal} of the {whose}, {name}, claims a length of {length}; PostgreSQL allows 4 to {self._limits[code]}"
        )


class EncryptedFromTheStart(Exception):  # noqa: N818  it is no error, and never leaves the engine
    """A client began with TLS, without asking."""


@cache
def _prefixes(direction: Direction, body_limit: int) -> Mapping[int, int]:
    """Return how much of each message's body is read; the cache makes all connections share one table."""
    if direction == "up":
        names = min(_NAMES_BYTES, body_limit)
        return {ord("Q"): body_limit, ord("P"): body_limit} | dict.fromkeys(b"BCDE", names) | {CANCEL_REQUEST: 8}
    return {ord("Z"): 1, ord("C"): 64, ord("K"): 264, ENCRYPTION_ANSWER: 1, ord("E"): min(_NAMES_BYTES, body_limit)}
