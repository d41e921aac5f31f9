"""
A certificate for a server of ours, from an authority that vouches for it alone and is forgotten at once.

Clients check that the server is vouched for (``verify-ca``) and not what it is called: its address is that of whatever link stands before it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import trustme

from fraiseql_chaos.rig.postgres.account import Account

__all__ = ["TLS_SETTINGS", "install_certificate"]

TLS_SETTINGS: Final = {"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key"}
"""What makes the server speak TLS, with files in its data directory; PostgreSQL's own names for them."""

_NAME: Final = "postgresql.invalid"
"""A name that nobody has (RFC 2606), because nobody checks it."""


def install_certificate(data: Path, account: Account) -> str:
    """
    Write a server's certificate and key into its data directory.

    Args:
        data: The data directory.
        account: Whom the files will belong to; PostgreSQL refuses a key that others may read.

    Returns:
        The certificate of the authority, as PEM, for clients to trust.
    """
    authority = trustme.CA()
    issued = authority.issue_cert(_NAME)
    files = {"server.crt": b"".join(blob.bytes() for blob in issued.cert_chain_pems), "server.key": issued.private_key_pem.bytes()}
    for name, content in files.items():
        path = data / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        os.chown(path, account.uid, account.gid)
    return authority.cert_pem.bytes().decode("ascii")
