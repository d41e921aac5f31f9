"""What passes between the two sockets of a connection: all of it, in order, late if asked, ended as it was ended."""

from __future__ import annotations

import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from fraiseql_chaos.core import Duration, dice, ms, seconds
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from layers.stream.edges import DEADLINE_S, Edge, Proxy, eventually, fill, greeted, joined, open_edge, receive, running_proxy

FOREVER = seconds(3600)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def send_in_pieces(sock: socket.socket, data: bytes, seed: int) -> None:
    """Send data in chunks from one byte to half a mebibyte, and then say that no more will come."""
    sizes = dice(seed, "sizes")
    rest = memoryview(data)
    while rest:
        size = min(len(rest), int(2 ** sizes.uniform(0, 19)))
        sock.sendall(rest[:size])
        rest = rest[size:]
    sock.shutdown(socket.SHUT_WR)


def reset(sock: socket.socket) -> None:
    """Close a socket with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


@pytest.mark.parametrize("delay", [None, ms(5)], ids=["no fault", "latency with jitter"])
def test_bytes_arrive_intact_both_ways_at_once(edge: Edge, delay: Duration | None) -> None:
    up, down = dice(1, "up").randbytes(2**24), dice(1, "down").randbytes(2**24)
    if delay is not None:
        edge.control.arm(edge.name, "up", Latency(delay=delay, jitter=delay, direction="up"))
        edge.control.arm(edge.name, "down", Latency(delay=delay, jitter=delay))
    with joined(edge) as (near, far):
        got: dict[str, bytes] = {}
        threads = [
            threading.Thread(target=send_in_pieces, args=(near, up, 1)),
            threading.Thread(target=send_in_pieces, args=(far, down, 2)),
            threading.Thread(target=lambda: got.update(up=receive(far, len(up)))),
            threading.Thread(target=lambda: got.update(down=receive(near, len(down)))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(3 * DEADLINE_S)
        assert got["up"] == up
        assert got["down"] == down
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")
    ledger = edge.ledger
    assert (ledger.up.bytes, ledger.down.bytes) == (len(up), len(down))
    assert ledger.up.held_bytes == ledger.up.dropped_bytes == ledger.down.held_bytes == ledger.down.dropped_bytes == 0
    assert set(ledger.hits) == (set() if delay is None else {"up", "down"})


@pytest.mark.parametrize("is_delayed", [False, True], ids=["no fault", "latency"])
def test_a_half_close_passes_through_and_leaves_the_answer_alive(edge: Edge, *, is_delayed: bool) -> None:
    if is_delayed:
        edge.control.arm(edge.name, "latency", Latency(delay=ms(20), direction="up"))
    with joined(edge) as (near, far):
        near.sendall(b"question")
        near.shutdown(socket.SHUT_WR)
        assert receive(far, 100) == b"question"
        far.sendall(b"answer")
        far.close()
        assert receive(near, 100) == b"answer"
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")


@pytest.mark.parametrize("origin", ["service", "server"])
def test_a_reset_passes_through_as_a_reset(edge: Edge, origin: str) -> None:
    with greeted(edge) as (near, far):
        one, other = (near, far) if origin == "service" else (far, near)
        reset(one)
        with pytest.raises(ConnectionResetError):
            other.recv(1)
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connection")


def test_a_servers_last_words_arrive_before_its_reset(own_proxy: Proxy, server: socket.socket) -> None:
    """Method: the proxy sleeps while a query is sent and the server says FATAL and resets, so that it first tries to write in vain."""
    with open_edge(own_proxy.control, server) as edge, greeted(edge) as (near, far):
        own_proxy.process.send_signal(signal.SIGSTOP)
        near.sendall(b"query")
        far.sendall(b"FATAL")
        reset(far)
        own_proxy.process.send_signal(signal.SIGCONT)
        assert receive(near, 5) == b"FATAL"
        with pytest.raises(ConnectionResetError):
            near.recv(1)
        ledger = edge.ledger
        assert (ledger.up.bytes, ledger.up.dropped_bytes) == (6, 5)


def test_who_speaks_first_does_not_matter(edge: Edge) -> None:
    for _ in range(30):
        near = edge.connect()
        near.sendall(b"early question")
        far, _ = edge.server.accept()
        with near, far:
            far.sendall(b"early greeting")
            assert receive(far, 14) == b"early question"
            assert receive(near, 14) == b"early greeting"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_answer_is_as_late_as_asked_and_never_early(edge: Edge, direction: str) -> None:
    fault = Latency(delay=ms(30), jitter=ms(10), direction="up" if direction == "up" else "down")
    with joined(edge) as (near, far):
        edge.control.arm(edge.name, "latency", fault)
        for _ in range(20):
            began_ns = time.monotonic_ns()
            near.sendall(b"?")
            far.recv(1)
            far.sendall(b"!")
            near.recv(1)
            assert time.monotonic_ns() - began_ns >= ms(20).ns
        assert edge.ledger.hits == {"latency": {"delayed": 20}}


def test_live_connections_meet_a_fault_at_their_next_chunk_and_its_heal_at_once(edge: Edge) -> None:
    with joined(edge) as (near, far):
        far.sendall(b"before")
        assert receive(near, 6) == b"before"
        edge.control.arm(edge.name, "latency", Latency(delay=FOREVER))
        far.sendall(b"held")
        eventually(lambda: edge.ledger.down.held_bytes == 4, "the holding of the bytes")
        far.sendall(b" back")
        eventually(lambda: edge.ledger.down.held_bytes == 9, "the holding of the next bytes")
        edge.control.heal(edge.name, "latency")
        assert receive(near, 9) == b"held back"
        assert edge.ledger.down.held_bytes == 0


def test_jitter_keeps_the_order_on_the_wire(edge: Edge) -> None:
    """Method: a word is sent when the ledger has counted the one before, so that each is a chunk with a draw of its own."""
    edge.control.arm(edge.name, "latency", Latency(delay=ms(30), jitter=ms(30)))
    with joined(edge) as (near, far):
        words = [b"%02d" % n for n in range(60)]
        sent = []
        for word in words:
            far.sendall(word)
            sent.append(word)
            eventually(lambda: edge.ledger.down.chunks == len(sent), "the arrival of a word")
        assert receive(near, 120) == b"".join(words)
        assert edge.ledger.hits == {"latency": {"delayed": 60}}


def test_what_was_held_for_a_cut_connection_is_counted_as_dropped(edge: Edge) -> None:
    edge.control.arm(edge.name, "latency", Latency(delay=FOREVER))
    with joined(edge) as (near, far):
        far.sendall(b"never to arrive")
        eventually(lambda: edge.ledger.down.held_bytes == 15, "the holding of the bytes")
        edge.control.arm(edge.name, "refuse", Refuse())
        assert near.recv(1) == b""
    assert (edge.ledger.down.held_bytes, edge.ledger.down.dropped_bytes) == (0, 15)


def test_a_full_flow_makes_its_sender_wait_and_loses_nothing(tmp_path: Path, server: socket.socket) -> None:
    with running_proxy(tmp_path, "--held-bytes", str(2**20)) as proxy, open_edge(proxy.control, server) as edge, joined(edge) as (near, far):
        edge.control.arm(edge.name, "latency", Latency(delay=FOREVER))
        sent = fill(far)
        held = edge.ledger.down.held_bytes
        assert 2**19 < held < 2**21
        edge.control.heal(edge.name, "latency")
        assert len(receive(near, sent)) == sent


def test_what_a_cut_finds_in_the_proxys_hands_is_counted_too(edge: Edge) -> None:
    """Method: the server does not read, so some bytes wait in its kernel and the rest in the proxy; what the server then finds is the rest."""
    with greeted(edge) as (near, far):
        fill(near)
        edge.control.arm(edge.name, "refuse", Refuse())
        arrived = len(receive(far, 2**30))
        assert edge.ledger.up.bytes - 1 == arrived + edge.ledger.up.dropped_bytes
