"""The runner's end of the control socket, and what it says when the other end is not as it should be."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.errors import DeclarationError, PeerProtocolError, RigError
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.model import TcpAddress
from layers.stream.edges import Edge, Proxy

NOWHERE = TcpAddress(host="127.0.0.1", port=1)


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Run something that gives one answer, whatever it is asked."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(2**16)
            client.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(5)
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_a_proxy_that_was_killed_is_said_to_be_gone(own_proxy: Proxy) -> None:
    own_proxy.process.kill()
    own_proxy.process.wait()
    with pytest.raises(RigError, match="is gone"):
        own_proxy.control.ledger("database")


def test_a_proxy_that_is_stopped_misses_the_deadline(own_proxy: Proxy) -> None:
    own_proxy.process.send_signal(signal.SIGSTOP)
    began_ns = now_ns()
    with pytest.raises(RigError, match="did not answer 'ledger' in time"):
        EdgeControl(own_proxy.path, deadline=ms(200)).ledger("database")
    assert ms(200).ns <= now_ns() - began_ns < seconds(5).ns


def test_a_proxy_that_never_starts_is_not_waited_for_longer_than_asked(tmp_path: Path) -> None:
    began_ns = now_ns()
    with pytest.raises(RigError, match="was not ready within 50 ms"):
        EdgeControl(tmp_path / "control").wait_ready(ms(50))
    assert now_ns() - began_ns < seconds(5).ns


def test_a_proxy_that_is_told_to_stop_ends_well(own_proxy: Proxy) -> None:
    own_proxy.process.send_signal(signal.SIGTERM)
    assert own_proxy.process.wait(10) == 0


@pytest.mark.parametrize("answer", [b"what?\n", b"[]\n", b'{"ok":{"connections":"many"}}\n'])
def test_an_answer_that_is_none_is_the_peers_fault(tmp_path: Path, answer: bytes) -> None:
    with answering(tmp_path / "control", answer), pytest.raises(PeerProtocolError, match="the edge proxy answered"):
        EdgeControl(tmp_path / "control").ledger("database")


def test_an_answer_that_breaks_off_is_a_proxy_that_has_gone(tmp_path: Path) -> None:
    with answering(tmp_path / "control", b'{"ok":'), pytest.raises(RigError, match="is gone"):
        EdgeControl(tmp_path / "control").ledger("database")


def test_a_name_can_be_opened_once(edge: Edge) -> None:
    with pytest.raises(DeclarationError, match="is open already"):
        edge.control.open(edge.name, upstream=NOWHERE, seed=1)


def test_an_edge_that_is_not_open_cannot_be_commanded(proxy: Proxy) -> None:
    for command in (
        lambda: proxy.control.arm("nowhere", "0", Refuse()),
        lambda: proxy.control.heal("nowhere", "0"),
        lambda: proxy.control.ledger("nowhere"),
        lambda: proxy.control.close_edge("nowhere"),
    ):
        with pytest.raises(DeclarationError, match="no edge is called 'nowhere'"):
            command()


def test_a_fault_that_is_armed_already_or_not_at_all_is_refused(edge: Edge) -> None:
    edge.control.arm(edge.name, "0-latency", Latency(delay=ms(1)))
    with pytest.raises(DeclarationError, match="armed already"):
        edge.control.arm(edge.name, "0-latency", Refuse())
    with pytest.raises(DeclarationError, match="no fault with the id '1-refuse'"):
        edge.control.heal(edge.name, "1-refuse")


def test_a_path_too_long_for_a_socket_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="at most 107 bytes"):
        EdgeControl(tmp_path / ("x" * 107))
