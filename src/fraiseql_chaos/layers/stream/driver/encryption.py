"""
What a relay needs of encryption that ends at one of its sockets: bytes in, meaning and bytes out.

The stream layer knows no protocol, so it knows no TLS either; whoever reads what passes brings the two ends of it (``edge.Reading``).
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["End", "Heard"]


class Heard(Protocol):
    """What an end makes of what its socket said."""

    @property
    def plaintext(self) -> bytes:
        """What the peer says."""
        ...

    @property
    def answer(self) -> bytes:
        """What must be written to the socket now."""
        ...


class End(Protocol):
    """Encryption that ends at one socket: what is written and read there is not what flows."""

    @property
    def failure(self) -> str:
        """Why no more can be said or heard; empty while all is well."""
        ...

    def feed(self, data: bytes) -> Heard:
        """Take in what the socket said."""
        ...

    def wrap(self, plaintext: bytes) -> bytes:
        """Return what must be written to the socket to say this; nothing yet, if it must wait."""
        ...

    def goodbye(self) -> bytes:
        """Return what must be written in front of a FIN."""
        ...
