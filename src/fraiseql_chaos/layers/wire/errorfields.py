"""
The fields of an ErrorResponse: the five that we write, and the one that we read.

Source: PostgreSQL documentation, "Error and Notice Message Fields".
"""

from __future__ import annotations

import re

__all__ = ["error_response", "sqlstate_of"]

_SQLSTATE = re.compile(rb"(?:\A|\0)C([0-9A-Z]{5})\0")


def error_response(severity: str, sqlstate: str, message: str) -> bytes:
    """Return a whole message that tells an error as the server would."""
    fields = (("S", severity), ("V", severity), ("C", sqlstate), ("M", message))
    body = b"".join(f"{name}{text}\0".encode() for name, text in fields) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body


def sqlstate_of(body: bytes) -> str:
    """Return the SQLSTATE that an ErrorResponse's body tells; empty if it tells none."""
    found = _SQLSTATE.search(body)
    return found[1].decode() if found else ""
