"""
The messages of protocol 3: what they are called, which way they go, how long they may be.

A message is a type byte, a length that counts itself and the body. What a client says first has no type byte, and neither has the one byte
by which a server answers a request for encryption; those get codes of ours above the bytes.

The limits are the ones PostgreSQL itself sets, so what we refuse to read would not have been understood anyway: ``SocketBackend`` in
postgres.c for what goes up, ``VALID_LONG_MESSAGE_TYPE`` of libpq for what goes down.

Source: PostgreSQL documentation, "Message Formats"; src/include/libpq/protocol.h, pqcomm.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.layers.stream.model import DIRECTIONS, Direction

__all__ = [
    "CANCEL_REQUEST",
    "ENCRYPTION_ANSWER",
    "GSSENC_REQUEST",
    "LENGTH_LARGE",
    "LENGTH_MAX",
    "NAMES",
    "SSL_REQUEST",
    "STARTUP_BYTES_MAX",
    "STARTUP_MESSAGE",
    "STATEMENT",
    "codes_of",
    "message_name",
]

STARTUP_MESSAGE: Final = 0x100
SSL_REQUEST: Final = 0x101
GSSENC_REQUEST: Final = 0x102
CANCEL_REQUEST: Final = 0x103
ENCRYPTION_ANSWER: Final = 0x104

STATEMENT: Final = "Statement"
"""What hands a statement to the server for execution, by either protocol: a Query or an Execute."""

STARTUP_BYTES_MAX: Final = 10_000
"""``MAX_STARTUP_PACKET_LENGTH``."""

LENGTH_LARGE: Final = 0x3FFFFFFE
"""``PQ_LARGE_MESSAGE_LIMIT``: the limit of what carries data."""

_SMALL_UP: Final = 10_000
_SMALL_DOWN: Final = 30_000
_AUTHENTICATION: Final = 65_535
"""``PG_MAX_AUTH_TOKEN_LENGTH``; a Kerberos ticket can be that long."""

_UP: Final[Mapping[int, tuple[str, int]]] = {
    ord("B"): ("Bind", LENGTH_LARGE),
    ord("C"): ("Close", _SMALL_UP),
    ord("D"): ("Describe", _SMALL_UP),
    ord("E"): ("Execute", _SMALL_UP),
    ord("F"): ("FunctionCall", LENGTH_LARGE),
    ord("H"): ("Flush", _SMALL_UP),
    ord("P"): ("Parse", LENGTH_LARGE),
    ord("Q"): ("Query", LENGTH_LARGE),
    ord("S"): ("Sync", _SMALL_UP),
    ord("X"): ("Terminate", _SMALL_UP),
    ord("c"): ("CopyDone", _SMALL_UP),
    ord("d"): ("CopyData", LENGTH_LARGE),
    ord("f"): ("CopyFail", _SMALL_UP),
    ord("p"): ("PasswordMessage", _AUTHENTICATION),
    STARTUP_MESSAGE: ("StartupMessage", 0),
    SSL_REQUEST: ("SSLRequest", 0),
    GSSENC_REQUEST: ("GSSENCRequest", 0),
    CANCEL_REQUEST: ("CancelRequest", 0),
}

_DOWN: Final[Mapping[int, tuple[str, int]]] = {
    ord("1"): ("ParseComplete", 4),
    ord("2"): ("BindComplete", 4),
    ord("3"): ("CloseComplete", 4),
    ord("A"): ("NotificationResponse", LENGTH_LARGE),
    ord("C"): ("CommandComplete", _SMALL_DOWN),
    ord("D"): ("DataRow", LENGTH_LARGE),
    ord("E"): ("ErrorResponse", LENGTH_LARGE),
    ord("G"): ("CopyInResponse", _SMALL_DOWN),
    ord("H"): ("CopyOutResponse", _SMALL_DOWN),
    ord("I"): ("EmptyQueryResponse", 4),
    ord("K"): ("BackendKeyData", _SMALL_DOWN),
    ord("N"): ("NoticeResponse", LENGTH_LARGE),
    ord("R"): ("Authentication", _AUTHENTICATION),
    ord("S"): ("ParameterStatus", _SMALL_DOWN),
    ord("T"): ("RowDescription", LENGTH_LARGE),
    ord("V"): ("FunctionCallResponse", LENGTH_LARGE),
    ord("W"): ("CopyBothResponse", _SMALL_DOWN),
    ord("Z"): ("ReadyForQuery", 5),
    ord("c"): ("CopyDone", 4),
    ord("d"): ("CopyData", LENGTH_LARGE),
    ord("n"): ("NoData", 4),
    ord("s"): ("PortalSuspended", 4),
    ord("t"): ("ParameterDescription", LENGTH_LARGE),
    ord("v"): ("NegotiateProtocolVersion", _SMALL_DOWN),
    ENCRYPTION_ANSWER: ("EncryptionAnswer", 0),
}

_KNOWN: Final[Mapping[Direction, Mapping[int, tuple[str, int]]]] = {"up": _UP, "down": _DOWN}

LENGTH_MAX: Final[Mapping[Direction, tuple[int, ...]]] = MappingProxyType(
    {direction: tuple(_KNOWN[direction].get(code, ("", 0))[1] for code in range(256)) for direction in DIRECTIONS}
)
"""By direction and type byte, what the length field may say at most; 0 for a type that does not exist."""

NAMES: Final = tuple(sorted({name for known in _KNOWN.values() for name, _ in known.values()} | {STATEMENT}))
"""Every name by which a message can be asked for."""


def message_name(direction: Direction, code: int) -> str:
    """Return what the protocol calls a message."""
    return _KNOWN[direction][code][0]


def codes_of(name: str) -> Mapping[Direction, frozenset[int]]:
    """Return which codes have a name, by direction; none if it is nobody's."""
    names = {"Query", "Execute"} if name == STATEMENT else {name}
    return {direction: frozenset(code for code, (known, _) in _KNOWN[direction].items() if known in names) for direction in DIRECTIONS}
