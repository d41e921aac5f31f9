"""TLS ends here and begins again: negotiation, handshake and data, in memory and with a real client."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fraiseql_chaos.layers.wire.authority import Authority
from fraiseql_chaos.layers.wire.faults import AnswerError
from fraiseql_chaos.layers.wire.tls import TlsEnd
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.rig.postgres import Cluster
from layers.wire import conversations as say
from layers.wire.relay import relaying


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


class Pair:
    """Two ends, each the other's peer, and what each understood; every answer is handed over in pieces."""

    def __init__(self, near: TlsEnd, far: TlsEnd, *, piece: int = 2**16) -> None:
        self.ends = (near, far)
        self.heard = [b"", b""]
        self._piece = piece

    def tell(self, whom: int, words: bytes) -> None:
        """Hand words to one end, and its answers to the other, until nobody says any more."""
        waiting = [(whom, words)]
        while waiting:
            whom, words = waiting.pop(0)
            for at in range(0, len(words), self._piece):
                heard = self.ends[whom].feed(words[at : at + self._piece])
                self.heard[whom] += heard.plaintext
                if heard.answer:
                    waiting.append((1 - whom, heard.answer))

    def say(self, who: int, plaintext: bytes) -> None:
        self.tell(1 - who, self.ends[who].wrap(plaintext))


def asked(authority: Authority, *, piece: int = 2**16, trusted: bool = True) -> Pair:
    """A client's end that has asked a server's end for TLS."""
    near = TlsEnd.towards_client(authority.server_context())
    far, first = TlsEnd.towards_server((authority if trusted else Authority()).client_context(), name="localhost")
    pair = Pair(near, far, piece=piece)
    pair.tell(0, first)
    return pair


@pytest.mark.parametrize("piece", [1, 7, 2**16])
def test_a_login_passes_encrypted_in_any_pieces(authority: Authority, piece: int) -> None:
    pair = asked(authority, piece=piece)
    [(_, first), (_, answers)] = say.login()
    pair.say(1, first)
    pair.say(0, answers * 1000)
    assert pair.heard == [first, answers * 1000]
    assert all(end.is_encrypted for end in pair.ends)


def test_what_is_said_before_the_handshake_is_said_after_it(authority: Authority) -> None:
    near = TlsEnd.towards_client(authority.server_context())
    far, first = TlsEnd.towards_server(authority.client_context(), name="localhost")
    pair = Pair(near, far)
    assert far.wrap(say.startup()) == b""
    pair.tell(0, first)
    assert pair.heard[0] == say.startup()


def test_nothing_of_it_is_readable_in_between(authority: Authority) -> None:
    pair = asked(authority)
    assert b"SELECT" not in pair.ends[1].wrap(say.query("SELECT 1"))


def test_a_client_that_does_not_ask_goes_without() -> None:
    near = TlsEnd.towards_client(Authority().server_context())
    assert near.feed(say.startup()) == (say.startup(), b"")
    assert near.wrap(b"R") == b"R"
    assert not near.is_encrypted


def test_encryption_by_kerberos_is_declined_and_tls_may_follow(authority: Authority) -> None:
    near = TlsEnd.towards_client(authority.server_context())
    assert near.feed(say.GSSENC_REQUEST) == (b"", b"N")
    assert near.feed(say.SSL_REQUEST[:5]) == (b"", b"")
    assert near.feed(say.SSL_REQUEST[5:]) == (b"", b"S")


def test_without_a_certificate_tls_is_declined() -> None:
    near = TlsEnd.towards_client(None)
    assert near.feed(say.SSL_REQUEST) == (b"", b"N")
    assert near.feed(say.startup()) == (say.startup(), b"")


def test_a_server_without_tls_is_a_failure_and_no_exception(authority: Authority) -> None:
    far, _ = TlsEnd.towards_server(authority.client_context())
    assert far.feed(b"N") == (b"", b"")
    assert far.failure == "the server speaks no TLS"
    assert far.wrap(b"anything") == b""


def test_a_certificate_of_somebody_else_is_a_failure_on_both_ends(authority: Authority) -> None:
    pair = asked(authority, trusted=False)
    assert "CERTIFICATE_VERIFY_FAILED" in pair.ends[1].failure
    pair.tell(0, b"")
    assert not pair.ends[1].is_encrypted


def test_garbage_in_place_of_a_handshake_is_a_failure_and_no_exception(authority: Authority) -> None:
    near = TlsEnd.towards_client(authority.server_context())
    near.feed(say.SSL_REQUEST)
    near.feed(b"GET / HTTP/1.1\r\n\r\n")
    assert near.failure.startswith("TLS: ")
    assert near.feed(b"more") == (b"", b"")


def test_what_was_slipped_in_before_the_handshake_is_a_failure(authority: Authority) -> None:
    near = TlsEnd.towards_client(authority.server_context())
    near.feed(say.SSL_REQUEST + say.query("SELECT 'slipped in'"))
    assert near.failure == "the client spoke before its request for encryption was answered"


@pytest.mark.parametrize("names_protocol", [True, False])
def test_a_client_may_begin_with_tls_if_it_names_the_protocol(authority: Authority, names_protocol: Any) -> None:
    context = authority.client_context()
    if not names_protocol:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    near = TlsEnd.towards_client(authority.server_context())
    far = TlsEnd(context, stage="handshake", name="localhost")
    far._begin(context, server_side=False)
    pair = Pair(near, far, piece=50)
    pair.tell(0, far.feed(b"").answer)
    pair.say(1, say.startup())
    assert near.failure == ("" if names_protocol else "the client began with TLS and did not name the protocol postgresql")
    assert pair.heard[0] == (say.startup() if names_protocol else b"")


def test_a_goodbye_is_heard_as_nothing(authority: Authority) -> None:
    pair = asked(authority)
    pair.tell(0, pair.ends[1].goodbye())
    assert (pair.heard[0], pair.ends[0].failure) == (b"", "")


@pytest.mark.anyio
async def test_a_real_client_verifies_the_edge_and_faults_reach_its_messages(
    cluster: Cluster, database: str, authority: Authority, tmp_path: Path
) -> None:
    (root := tmp_path / "root.crt").write_text(authority.root)
    async with relaying(cluster.port, context=authority.server_context()) as relay:
        relay.arm(AnswerError(sqlstate="40001", trigger=Trigger(sql="accounts")))
        dsn = cluster.dsn(database, via=("127.0.0.1", relay.port))
        async with await psycopg.AsyncConnection.connect(dsn, sslmode="verify-full", sslrootcert=str(root), autocommit=True) as client:
            assert client.pgconn.ssl_in_use
            with pytest.raises(psycopg.errors.SerializationFailure):
                await client.execute("SELECT * FROM accounts")
            assert await (await client.execute("SELECT count(*) FROM numbers")).fetchone() == (1000,)
