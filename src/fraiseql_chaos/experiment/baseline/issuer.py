"""
An identity provider as small as it can be: a key set over real HTTPS on loopback, and a token that the key has signed.

Certificate and key are made for the occasion, by an authority that only the measured process is told to trust.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from fraiseql_chaos.core import JsonObject

__all__ = ["Issuer", "issuer"]

AUDIENCE: Final = "baseline"
KEY_ID: Final = "baseline-key"
LIFETIME_S: Final = 3600
KEY_BITS: Final = 2048
"""What Auth0 signs with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """
    A running identity provider.

    Attributes:
        domain: Host and port, as ``Auth0Provider`` takes them.
        audience: Whom its token is for.
        token: Signed, and good for an hour.
        authority: The certificate file of who vouches for it.
    """

    domain: str
    audience: str
    token: str
    authority: Path


@asynccontextmanager
async def issuer(directory: Path) -> AsyncIterator[Issuer]:
    """
    Serve a key set for the length of a block.

    Args:
        directory: Where the authority's certificate goes.
    """
    authority, key = trustme.CA(), generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    certificate = directory / "issuer.pem"
    authority.cert_pem.write_to_path(certificate)
    keys = json.dumps({"keys": [_public(key)]})

    async def serve(_request: web.BaseRequest) -> web.Response:
        return web.Response(text=keys, content_type="application/json")

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        domain = f"localhost:{runner.addresses[0][1]}"
        yield Issuer(domain=domain, audience=AUDIENCE, token=_token(key, domain), authority=certificate)
    finally:
        await runner.cleanup()


def _public(key: RSAPrivateKey) -> JsonObject:
    """Return the public half as RFC 7517 writes it."""
    numbers = key.public_key().public_numbers()
    parts = {name: _url_safe(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in (("n", numbers.n), ("e", numbers.e))}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, **parts}


def _token(key: RSAPrivateKey, domain: str) -> str:
    """Return a token as RFC 7519 writes it, signed with RS256."""
    now_s = int(time.time())
    head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
    claims = {"iss": f"https://{domain}/", "aud": AUDIENCE, "sub": "auth0|baseline", "iat": now_s, "exp": now_s + LIFETIME_S}
    signed = ".".join(_url_safe(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_url_safe(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
