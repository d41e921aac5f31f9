"""An edge between real sockets: what passes, what is bent, what is cut."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import Duration, dice, ms, seconds
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.model import TcpAddress, UnixAddress
from layers.stream.edges import DEADLINE_S, Edge, Proxy, eventually, open_edge, running_proxy

FOREVER = seconds(3600)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def receive(sock: socket.socket, number: int) -> bytes:
    """Read exactly this many bytes, or as many as there are."""
    parts = []
    while number and (part := sock.recv(min(number, 2**16))):
        parts.append(part)
        number -= len(part)
    return b"".join(parts)


def send_in_pieces(sock: socket.socket, data: bytes, seed: int) -> None:
    """Send data in chunks from one byte to half a mebibyte, and then say that no more will come."""
    sizes = dice(seed, "sizes")
    rest = memoryview(data)
    while rest:
        size = min(len(rest), int(2 ** sizes.uniform(0, 19)))
        sock.sendall(rest[:size])
        rest = rest[size:]
    sock.shutdown(socket.SHUT_WR)


def fill(sock: socket.socket) -> int:
    """Send until no more is taken for a while, and return how much was."""
    sock.settimeout(0.3)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while True:
            sent += sock.send(b"x" * 2**16)
    sock.settimeout(DEADLINE_S)
    return sent


def reset(sock: socket.socket) -> None:
    """Close a socket with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


@contextlib.contextmanager
def joined(edge: Edge) -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = edge.join()
    with near, far:
        yield near, far


@contextlib.contextmanager
def greeted(edge: Edge) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends when a byte has gone each way, so that the proxy has both its sockets in hand."""
    with joined(edge) as (near, far):
        near.sendall(b"?")
        assert receive(far, 1) == b"?"
        far.sendall(b"!")
        assert receive(near, 1) == b"!"
        yield near, far


@contextlib.contextmanager
def unanswering_server() -> Iterator[TcpAddress]:
    """Yield an address at which the kernel lets connects wait: a listener whose backlog is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        host, port = listener.getsockname()
        yield TcpAddress(host=host, port=port)


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
    assert set(ledger.delayed_chunks) == (set() if delay is None else {"up", "down"})


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


def test_an_upstream_may_be_a_unix_socket(proxy: Proxy, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "server"))
        server.listen()
        with open_edge(proxy.control, server, UnixAddress(path=tmp_path / "server")) as edge, joined(edge) as (near, far):
            near.sendall(b"question")
            assert receive(far, 8) == b"question"
            far.sendall(b"answer")
            far.close()
            assert receive(near, 100) == b"answer"


def test_an_absent_server_closes_the_services_connection(proxy: Proxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host, port = closed.getsockname()
    with open_edge(proxy.control, closed, TcpAddress(host=host, port=port)) as edge, edge.connect() as near:
        assert near.recv(1) == b""
        eventually(lambda: edge.ledger.connections_failed == 1, "the failure's entry in the ledger")
        assert (edge.ledger.connections_opened, edge.ledger.connections_open) == (1, 0)


def test_a_server_that_does_not_answer_blocks_no_accept(proxy: Proxy, edge: Edge) -> None:
    with unanswering_server() as address, open_edge(proxy.control, edge.server, address) as stuck, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(stuck.connect()).sendall(b"anybody there?")
        eventually(lambda: stuck.ledger.connections_opened == 5, "the accept of all connections")
        with joined(edge) as (near, far):
            near.sendall(b"unimpressed")
            assert receive(far, 11) == b"unimpressed"
        stuck.control.arm(stuck.name, "refuse", Refuse())
        assert (stuck.ledger.connections_cut, stuck.ledger.connections_open) == (5, 0)


def test_a_refusing_edge_cuts_what_there_was_and_the_kernel_refuses_what_comes(edge: Edge) -> None:
    with joined(edge) as (near, far):
        edge.control.arm(edge.name, "refuse", Refuse())
        assert near.recv(1) == b""
        assert far.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            edge.connect()
    ledger = edge.ledger
    assert (ledger.connections_opened, ledger.connections_cut, ledger.connections_open) == (1, 1, 0)


def test_a_refusing_edge_keeps_its_port_and_listens_there_again_when_healed(edge: Edge) -> None:
    edge.control.arm(edge.name, "refuse", Refuse())
    with socket.socket() as thief, pytest.raises(OSError, match="in use") as refused:
        thief.bind((edge.address.host, edge.address.port))
    assert refused.value.errno == errno.EADDRINUSE
    edge.control.heal(edge.name, "refuse")
    with joined(edge) as (near, far):
        near.sendall(b"back again")
        assert receive(far, 10) == b"back again"


def test_a_door_opens_only_when_no_fault_keeps_it_shut(edge: Edge) -> None:
    edge.control.arm(edge.name, "one", Refuse())
    edge.control.arm(edge.name, "other", Refuse())
    edge.control.heal(edge.name, "one")
    with pytest.raises(ConnectionRefusedError):
        edge.connect()
    edge.control.heal(edge.name, "other")
    with joined(edge) as (near, _):
        assert near.fileno() > 0


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
        assert edge.ledger.delayed_chunks == {"latency": 20}


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
        assert edge.ledger.delayed_chunks == {"latency": 60}


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


def test_control_answers_while_data_is_stuck_behind_a_reader_that_does_not_read(edge: Edge) -> None:
    with joined(edge) as (near, far):
        sent = fill(near)
        began_ns = time.monotonic_ns()
        for number in range(20):
            edge.control.arm(edge.name, f"{number}", Latency(delay=ms(1), direction="up"))
            edge.control.heal(edge.name, f"{number}")
        assert time.monotonic_ns() - began_ns < seconds(DEADLINE_S).ns
        assert edge.ledger.connections_open == 1
        assert len(receive(far, sent)) == sent


def test_a_closed_edge_lets_its_port_go(proxy: Proxy, server: socket.socket) -> None:
    with open_edge(proxy.control, server) as edge, joined(edge) as (near, _):
        pass
    assert near.fileno() == -1
    with pytest.raises(ConnectionRefusedError):
        edge.connect()
    with socket.socket() as successor:
        successor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        successor.bind((edge.address.host, edge.address.port))


def test_edges_of_one_process_are_bent_apart(proxy: Proxy, edge: Edge, server: socket.socket) -> None:
    with open_edge(proxy.control, server) as other:
        edge.control.arm(edge.name, "refuse", Refuse())
        with pytest.raises(ConnectionRefusedError):
            edge.connect()
        with joined(other) as (near, far):
            near.sendall(b"open")
            assert receive(far, 4) == b"open"


def test_many_connections_at_once_all_get_through(edge: Edge) -> None:
    with contextlib.ExitStack() as stack:
        nears = [stack.enter_context(edge.connect()) for _ in range(50)]
        fars = [stack.enter_context(edge.server.accept()[0]) for _ in range(50)]
        for number, near in enumerate(nears):
            near.sendall(b"%02d" % number)
        assert sorted(receive(far, 2) for far in fars) == [b"%02d" % number for number in range(50)]
        assert edge.ledger.connections_open == 50
