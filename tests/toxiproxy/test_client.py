"""Our faults on a Toxiproxy: ours in its compatible ways stands for one, and what is armed there is watched through its API and on real connections."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.errors import DeclarationError, InjectionError, PeerProtocolError, RigError
from fraiseql_chaos.layers.stream.faults import Hang, Latency, Limit, Refuse, Timeout
from fraiseql_chaos.toxiproxy import RemoteProxy, Toxiproxy
from toxiproxy.servers import DEADLINE_S, Server, echoing, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--compat") as server:
        yield server


@pytest.fixture
def toxiproxy(server: Server) -> Toxiproxy:
    return Toxiproxy(server.url)


@pytest.fixture
def proxy(toxiproxy: Toxiproxy) -> Iterator[RemoteProxy]:
    with echoing() as upstream, toxiproxy.created("db", upstream=f"127.0.0.1:{upstream}") as proxy:
        yield proxy


def toxics(server: Server) -> list[str]:
    return [toxic["type"] for toxic in server.call("GET", "/proxies/db/toxics").json]


def exchange(proxy: RemoteProxy, data: bytes = b"ping") -> bytes:
    host, _, port = proxy.listen.rpartition(":")
    with socket.create_connection((host, int(port)), DEADLINE_S) as near:
        near.sendall(data)
        return near.makefile("rb").read(len(data))


def test_it_knows_whom_it_speaks_to(toxiproxy: Toxiproxy, proxy: RemoteProxy) -> None:
    assert toxiproxy.version() == "2.12.0"
    assert [known.name for known in toxiproxy.proxies()] == ["db"]
    assert toxiproxy.proxy("db").listen == proxy.listen


def test_a_fault_is_armed_and_healed(server: Server, proxy: RemoteProxy) -> None:
    with proxy.armed(Latency(delay=ms(150))):
        began = time.monotonic()
        assert exchange(proxy) == b"ping"
        assert time.monotonic() - began >= 0.15
    assert toxics(server) == []


def test_both_directions_are_armed_and_healed_together(server: Server, proxy: RemoteProxy) -> None:
    with proxy.armed(Timeout(after=seconds(100))):
        assert toxics(server) == ["timeout", "timeout"]
    assert toxics(server) == []


def test_refusing_disables_the_proxy_and_enables_it_again(proxy: RemoteProxy) -> None:
    with proxy.armed(Refuse()), pytest.raises(ConnectionRefusedError):
        exchange(proxy)
    assert exchange(proxy) == b"ping"


def test_a_proxy_that_somebody_else_has_disabled_is_left_so(server: Server, proxy: RemoteProxy) -> None:
    server.call("PATCH", "/proxies/db", {"enabled": False})
    with pytest.raises(DeclarationError, match="refuses connections already"), proxy.armed(Refuse()):
        pass
    assert not server.call("GET", "/proxies/db").json["enabled"]


def test_toxics_of_others_stay(server: Server, proxy: RemoteProxy) -> None:
    """Also one with the name that Toxiproxy itself would have given to ours."""
    server.toxic("db", "latency", {"latency": 1}, name="latency_downstream")
    with proxy.armed(Latency(delay=ms(1))):
        assert toxics(server) == ["latency", "latency"]
    assert toxics(server) == ["latency"]


def test_a_proxy_that_was_there_is_not_created_and_stays(toxiproxy: Toxiproxy, proxy: RemoteProxy) -> None:
    with pytest.raises(DeclarationError, match="proxy already exists"), toxiproxy.created("db", upstream="127.0.0.1:1"):
        pass
    assert toxiproxy.proxy("db").listen == proxy.listen


def test_it_heals_when_the_block_raises(server: Server, proxy: RemoteProxy) -> None:
    with pytest.raises(ZeroDivisionError), proxy.armed(Limit(bytes=1)):
        raise ZeroDivisionError
    assert toxics(server) == []


def test_what_cannot_be_done_arms_nothing(server: Server, proxy: RemoteProxy) -> None:
    with pytest.raises(DeclarationError, match="hang: Toxiproxy cannot do the fault 'hang'; nothing was armed"), proxy.armed(Hang()):
        pass
    assert toxics(server) == []


def test_who_healed_it_before_its_time_is_not_passed_over(server: Server, proxy: RemoteProxy) -> None:
    """Both directions are gone, and both are said to be."""
    with pytest.raises(InjectionError, match="was gone before it was healed"), proxy.armed(Timeout(after=seconds(100))):
        server.call("POST", "/reset")


def test_what_is_not_there_is_refused_in_its_words(toxiproxy: Toxiproxy) -> None:
    with pytest.raises(DeclarationError, match="refuses GET /proxies/no%20body: proxy not found"):
        toxiproxy.proxy("no body")


@pytest.mark.parametrize("name", ["no/body", ""])
def test_a_name_that_could_not_be_found_again_is_refused_before_anything_is_created(server: Server, toxiproxy: Toxiproxy, name: str) -> None:
    with pytest.raises(DeclarationError, match="nothing was armed"), toxiproxy.created(name, upstream="127.0.0.1:1"):
        pass
    assert server.call("GET", "/proxies").json == {}


@pytest.mark.parametrize("url", ["127.0.0.1:8474", "https://127.0.0.1", "http://", "http://127.0.0.1/api"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(DeclarationError, match="http://host:port"):
        Toxiproxy(url)


def test_one_that_is_gone_is_said_to_be() -> None:
    """Before, when nothing can be armed; and behind, when nobody knows what still is."""
    with serving() as server:
        server.proxy("db", 1)
        toxiproxy = Toxiproxy(server.url)
        with (
            pytest.raises(InjectionError, match=r"latency on db of the Toxiproxy at \S+ may still be armed"),
            toxiproxy.proxy("db").armed(Latency(delay=ms(1))),
        ):
            server.kill()
        with pytest.raises(RigError, match="did not answer GET /version"):
            toxiproxy.version()


class Stranger(http.server.BaseHTTPRequestHandler):
    """A web server that is no Toxiproxy."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_a_stranger_is_told_apart() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        thread = threading.Thread(target=stranger.handle_request)
        thread.start()
        with pytest.raises(PeerProtocolError, match="is no Toxiproxy"):
            Toxiproxy(f"http://127.0.0.1:{stranger.server_address[1]}").version()
        thread.join()
