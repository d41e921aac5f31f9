"""
A certificate authority of the rig's own, made anew for each run and forgotten with it.

It vouches for edges that terminate TLS, so that a client can verify them as it verifies its database in production
(``sslmode=verify-full`` with ``sslrootcert``). Its key never leaves the process that made it.
"""

from __future__ import annotations

import ssl
from typing import Final

import trustme

from fraiseql_chaos.layers.wire.tls import ALPN

__all__ = ["Authority"]

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class Authority:
    """A certificate authority."""

    __slots__ = ("_authority",)

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server_context(self, *names: str) -> ssl.SSLContext:
        """
        Return what an end towards a client needs: a new certificate, and its key.

        Args:
            names: The hosts and addresses it is for; the loopback ones if none is given.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols([ALPN])
        self._authority.issue_cert(*(names or _LOOPBACK)).configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return what an end towards a server needs to trust what this authority vouches for, and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols([ALPN])
        self._authority.configure_trust(context)
        return context

    @property
    def root(self) -> str:
        """The certificate that a client must trust (``sslrootcert``), as PEM."""
        return self._authority.cert_pem.bytes().decode("ascii")
