"""
TLS that ends here, so that messages can be read: one end towards the client, one towards the server, without a socket.

    client ==TLS==> [ TlsEnd.towards_client ] --plaintext--> reader --> [ TlsEnd.towards_server ] ==TLS==> server
           <------- words ------------------- feed / wrap                                        ------->

Each end is fed what its socket said, and returns what that means and what must be said back: first the protocol's own negotiation, in which
a client asks with an SSLRequest and is answered by one byte, or speaks TLS at once (PostgreSQL 17, ``sslnegotiation=direct``); then the
handshake; then data. A client may also go without, if it never asks. A GSSENCRequest is always declined, as a server does that has no
Kerberos.

Who terminates TLS is somebody else than the server, and that shows in one place: SCRAM-SHA-256-PLUS binds the password to the server's
certificate, so a client that insists on ``channel_binding=require`` refuses to go on. It should.

Nothing here raises for what a peer says: a handshake that fails leaves a ``failure``, and what must still be sent, an alert, in what is said back.

Source: PostgreSQL documentation, "SSL Session Encryption"; RFC 7301 for the name ``postgresql`` of the protocol.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final, Literal, NamedTuple, Self

__all__ = ["ALPN", "Heard", "TlsEnd"]

ALPN: Final = "postgresql"
"""What a client that begins with TLS must name, or PostgreSQL refuses it."""

_REQUEST_BYTES: Final = 8
_SSL_REQUEST: Final = (8).to_bytes(4) + (80877103).to_bytes(4)
_GSSENC_REQUEST: Final = (8).to_bytes(4) + (80877104).to_bytes(4)
_TLS_HANDSHAKE: Final = 0x16
_READ_BYTES: Final = 2**16

type _Stage = Literal["asking", "waiting", "handshake", "encrypted", "plain", "failed"]


class Heard(NamedTuple):
    """
    What an end makes of what its socket said.

    Attributes:
        plaintext: What the peer says, decrypted.
        answer: What must be written to the socket now.
    """

    plaintext: bytes
    answer: bytes


class TlsEnd:
    """
    One end; make it with ``towards_client`` or ``towards_server``.

    Attributes:
        failure: Why no more can be said or heard; empty while all is well. The connection must end then.
    """

    __slots__ = ("_context", "_early", "_incoming", "_must_name", "_name", "_object", "_outgoing", "_pending", "_stage", "failure")

    def __init__(self, context: ssl.SSLContext | None, *, stage: _Stage, name: str | None = None) -> None:
        self.failure = ""
        self._context = context
        self._name = name
        self._stage: _Stage = stage
        self._must_name = False  # Whether the client must name the protocol, because it did not ask before it began.
        self._early = b""  # What came of a request that is not complete yet.
        self._pending: list[bytes] = []  # What is to be said once that is possible.
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object: ssl.SSLObject | None = None

    @classmethod
    def towards_client(cls, context: ssl.SSLContext | None) -> Self:
        """
        Return the server's part, which waits for the client to ask.

        Args:
            context: A server's, with its certificate; None declines every request, so that the client goes without or goes.
        """
        return cls(context, stage="waiting")

    @classmethod
    def towards_server(cls, context: ssl.SSLContext | None, *, name: str | None = None) -> tuple[Self, bytes]:
        """
        Return the client's part, and what it says first.

        Args:
            context: A client's; None goes without TLS.
            name: Whose certificate is expected, if the context checks names.
        """
        if context is None:
            return cls(None, stage="plain"), b""
        return cls(context, stage="asking", name=name), _SSL_REQUEST

    @property
    def is_encrypted(self) -> bool:
        """Whether the handshake is done."""
        return self._stage == "encrypted"

    @property
    def is_ready(self) -> bool:
        """Whether what is said now can be sent at once."""
        return self._stage in {"encrypted", "plain"}

    def feed(self, data: bytes) -> Heard:
        """Take in what the socket said."""
        match self._stage:
            case "plain":
                return Heard(data, b"")
            case "failed":
                return Heard(b"", b"")
            case "waiting":
                return self._listen(data)
            case "asking":
                return self._learn(data)
            case "handshake" | "encrypted":
                return self._decrypt(data)

    def wrap(self, plaintext: bytes) -> bytes:
        """Return what must be written to the socket to say this; nothing while it must wait for the handshake, which then says it."""
        if self._stage == "plain":
            return plaintext
        if self._stage == "failed":
            return b""
        if self._object is None or self._stage != "encrypted":
            self._pending.append(plaintext)
            return b""
        try:
            self._object.write(plaintext)
        except ssl.SSLError as error:
            self._fail(f"what was to be said could not be encrypted: {error.reason or error}")
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        """Return what says in TLS that no more will come; nothing where there is no TLS."""
        if self._object is None or self._stage != "encrypted":
            return b""
        with contextlib.suppress(ssl.SSLError):  # It would wait for the peer's goodbye, which need not be waited for.
            self._object.unwrap()
        return self._outgoing.read()

    # What the client asks.

    def _listen(self, data: bytes) -> Heard:
        data, self._early = self._early + data, b""
        if data[:1] == bytes((_TLS_HANDSHAKE,)) and self._context is not None:
            self._must_name = True
            self._begin(self._context, server_side=True)
            return self._decrypt(data)
        if len(data) < _REQUEST_BYTES and (_SSL_REQUEST.startswith(data) or _GSSENC_REQUEST.startswith(data)):
            self._early = data
            return Heard(b"", b"")
        request, rest = data[:_REQUEST_BYTES], data[_REQUEST_BYTES:]
        if request not in {_SSL_REQUEST, _GSSENC_REQUEST}:
            self._stage = "plain"
            return Heard(data, b"".join(self._drain()))
        if rest:
            # Somebody in between may have put it there, to be taken for what the client says encrypted (CVE-2021-23214).
            self._fail("the client spoke before its request for encryption was answered")
            return Heard(b"", b"")
        if request == _GSSENC_REQUEST or self._context is None:
            return Heard(b"", b"N")
        self._begin(self._context, server_side=True)
        return Heard(b"", b"S")

    # What the server answers.

    def _learn(self, data: bytes) -> Heard:
        assert self._context is not None
        if data[:1] == b"S" and len(data) == 1:
            self._begin(self._context, server_side=False)
            return self._decrypt(b"")
        self._fail("the server speaks no TLS" if data[:1] == b"N" else f"the server answered a request for encryption with {data[:20]!r}")
        return Heard(b"", b"")

    # TLS.

    def _begin(self, context: ssl.SSLContext, *, server_side: bool) -> None:
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side, server_hostname=self._name)
        self._stage = "handshake"

    def _decrypt(self, data: bytes) -> Heard:
        assert self._object is not None
        self._incoming.write(data)
        plaintext: list[bytes] = []
        try:
            if self._stage == "handshake":
                self._object.do_handshake()
                if self._must_name and self._object.selected_alpn_protocol() != ALPN:
                    self._fail(f"the client began with TLS and did not name the protocol {ALPN}")
                    return Heard(b"", self._outgoing.read())
                self._stage = "encrypted"
                for words in self._drain():
                    self._object.write(words)
            while part := self._object.read(_READ_BYTES):
                plaintext.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            pass  # The peer says goodbye; its FIN follows.
        except ssl.SSLError as error:
            self._fail(f"TLS: {error.reason or error}")
        return Heard(b"".join(plaintext), self._outgoing.read())

    def _drain(self) -> list[bytes]:
        pending, self._pending = self._pending, []
        return pending

    def _fail(self, why: str) -> None:
        self.failure = why
        self._stage = "failed"
        self._pending.clear()
