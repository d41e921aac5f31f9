"""The rig's own authority vouches for what it was asked to, and for nothing else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from fraiseql_chaos.layers.wire.authority import Authority
from fraiseql_chaos.layers.wire.tls import TlsEnd


@pytest.mark.parametrize(("asked", "is_trusted"), [("database.test", True), ("other.test", False)])
def test_a_certificate_is_for_the_names_it_was_made_for(asked: str, is_trusted: bool) -> None:  # noqa: FBT001  a parameter of the test
    authority = Authority()
    near = TlsEnd.towards_client(authority.server_context("database.test"))
    far, words = TlsEnd.towards_server(authority.client_context(), name=asked)
    ends, whom = (near, far), 0
    while words:
        words, whom = ends[whom].feed(words).answer, 1 - whom
    assert far.is_encrypted == is_trusted


def test_its_root_can_be_given_to_a_client(tmp_path: Path) -> None:
    (tmp_path / "root.crt").write_text(Authority().root)
    assert len(ssl.create_default_context(cafile=str(tmp_path / "root.crt")).get_ca_certs()) == 1
