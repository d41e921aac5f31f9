"""
What reads all connections of an edge to PostgreSQL, and keeps one ledger for them.

What is encrypted past us cannot be read, so faults on messages are refused while such a connection is open. Where TLS ends at the edge, it is
vouched for by an authority of the edge's own; whether it begins again towards the server is a choice of its own, and then the server's
certificate is not verified, as with ``sslmode=require``: the edge is somebody in the middle, and says so.
"""

from __future__ import annotations

import ssl

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.engine import Reader
from fraiseql_chaos.layers.stream.model import StreamFault
from fraiseql_chaos.layers.wire.authority import Authority
from fraiseql_chaos.layers.wire.engine import WireReader
from fraiseql_chaos.layers.wire.ledger import WireLedger, record_to_json
from fraiseql_chaos.layers.wire.tls import ALPN, TlsEnd

__all__ = ["PostgresReading", "TlsReading", "TlsTowardsBothReading"]


class PostgresReading:
    """
    Reads an edge's connections, and lets TLS pass unread; see ``layers.stream.driver.edge.Reading``.

    Args:
        seed: Where the dice of its faults derive from.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ledger = WireLedger()
        self._readers: dict[int, WireReader] = {}

    def reader(self, connection: int) -> Reader:
        """Return what follows a connection, by its ordinal."""
        reader = self._readers[connection] = WireReader(connection=connection, seed=self._seed, ledger=self._ledger)
        return reader

    def forget(self, connection: int) -> None:
        """Follow a connection no more: it has closed."""
        self._readers.pop(connection, None)

    def ends(self) -> tuple[TlsEnd | None, TlsEnd | None, bytes]:
        """Return nothing: what is encrypted passes."""
        return None, None, b""

    def certificate(self) -> str:
        """Return nothing: no encryption ends here."""
        return ""

    def check(self, fault: StreamFault) -> None:
        """
        Tell whether a fault can be armed now.

        Raises:
            DeclarationError: If it is placed on messages, and connections are encrypted past us.
        """
        encrypted = sum(reader.is_encrypted for reader in self._readers.values())
        if fault.layer == "wire" and encrypted:
            raise DeclarationError(
                f"{fault.kind} is placed on messages, and {encrypted} of {len(self._readers)} connections through this edge are encrypted past it; "
                "connect without TLS (sslmode=disable), or let TLS end at the edge; faults of the stream can be armed; nothing was armed"
            )

    def record(self) -> JsonObject:
        """Return what the ledger says now."""
        return record_to_json(self._ledger.record)


class TlsReading(PostgresReading):
    """Reads an edge's connections where TLS ends, and speaks with the server in the clear."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._authority = Authority()
        self._towards_client = self._authority.server_context()

    def ends(self) -> tuple[TlsEnd | None, TlsEnd | None, bytes]:
        """Return what speaks TLS with the service."""
        return TlsEnd.towards_client(self._towards_client), None, b""

    def certificate(self) -> str:
        """Return the certificate of the authority that vouches for this edge."""
        return self._authority.root


class TlsTowardsBothReading(TlsReading):
    """Reads an edge's connections where TLS ends and begins again towards the server, whose certificate is not verified."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._towards_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._towards_server.check_hostname = False
        self._towards_server.verify_mode = ssl.CERT_NONE
        self._towards_server.set_alpn_protocols([ALPN])

    def ends(self) -> tuple[TlsEnd | None, TlsEnd | None, bytes]:
        """Return what speaks TLS with both."""
        far, greeting = TlsEnd.towards_server(self._towards_server)
        return TlsEnd.towards_client(self._towards_client), far, greeting
