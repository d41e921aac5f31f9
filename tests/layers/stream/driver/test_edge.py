"""An edge's door, its port and its way to the server, between real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, seconds, wait_until
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.edge import Edge as StreamEdge
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.model import TcpAddress, UnixAddress
from layers.stream.edges import DEADLINE_S, Edge, Proxy, eventually, fill, joined, open_edge, receive


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


def connecting(port: int) -> int:
    """Count the sockets of this machine whose SYN to a local port has not been answered (SYN_SENT, proc(5))."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "02" for line in lines)


@pytest.mark.parametrize(("one_by_one", "at_once"), [(False, 3), (True, 1)])
def test_connects_wait_for_each_other_only_where_that_is_asked_for(*, one_by_one: bool, at_once: int) -> None:
    """Three connections to a server that does not answer, by the kernel's own count of the connects under way."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        with unanswering_server() as address, contextlib.ExitStack() as stack:
            edge = StreamEdge(loop, Alarm(loop), upstream=address, seed=7, held_bytes_limit=2**20, one_by_one=one_by_one)
            stack.callback(edge.close)
            before = connecting(address.port)
            for _ in range(3):
                stack.enter_context(socket.create_connection((edge.address.host, edge.address.port), DEADLINE_S))
            await wait_until(lambda: edge.ledger().connections_opened == 3, within=seconds(DEADLINE_S), what="accepting all connections")
            await wait_until(lambda: connecting(address.port) - before >= at_once, within=seconds(DEADLINE_S), what="connecting to the server")
            await asyncio.sleep(0)  # Each connection's own task has had its turn.
            assert connecting(address.port) - before == at_once

    asyncio.run(check())


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
