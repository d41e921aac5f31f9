"""The identity provider is a real one to whoever trusts its authority, and to nobody else."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import aiohttp
import jwt
import pytest

from fraiseql_chaos.experiment.baseline.issuer import issuer

pytestmark = pytest.mark.anyio


async def _keys(domain: str, context: ssl.SSLContext) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"https://{domain}/.well-known/jwks.json", ssl=context) as response:
        return await response.text()


async def test_its_token_is_signed_by_the_key_that_it_serves(tmp_path: Path) -> None:
    """Checked by the library that FraiseQL checks tokens with."""
    async with issuer(tmp_path) as made:
        served = await _keys(made.domain, ssl.create_default_context(cafile=str(made.authority)))
        (key,) = json.loads(served)["keys"]
        claims = jwt.decode(made.token, jwt.PyJWK(key).key, algorithms=["RS256"], audience=made.audience, issuer=f"https://{made.domain}/")
    assert claims["sub"] == "auth0|baseline"
    assert jwt.get_unverified_header(made.token)["kid"] == key["kid"]


async def test_who_does_not_know_its_authority_gets_no_key(tmp_path: Path) -> None:
    async with issuer(tmp_path) as made:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await _keys(made.domain, ssl.create_default_context())


async def test_it_ends_with_its_block(tmp_path: Path) -> None:
    async with issuer(tmp_path) as made:
        pass
    with pytest.raises(aiohttp.ClientConnectorError):
        await _keys(made.domain, ssl.create_default_context(cafile=str(made.authority)))
