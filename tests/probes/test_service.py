"""Readiness is what the service answers, in time; its way to the server is what the kernel's own tables say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.probes import ServicePath, ServiceReady, connections_to

pytestmark = pytest.mark.anyio

type Handler = Callable[[web.Request], Awaitable[web.Response]]

DEADLINE_S = 10


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Serve a handler at ``/ready`` of a port of the kernel's choice; return the root."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_get("/ready", handler)
        runners.append(web.AppRunner(app, access_log=None, shutdown_timeout=0.01))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_S)
        yield listener


@contextmanager
def talker(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that connects to a port, and holds on until its standard input is closed."""
    program = f"import socket, sys; s = socket.create_connection(('127.0.0.1', {port})); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-I", "-c", program], stdin=subprocess.PIPE) as child:
        yield child


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(("status", "ok"), [(200, True), (503, False), (204, False), (404, False)])
async def test_only_200_is_ready(serve: Callable[[Handler], Awaitable[str]], status: int, *, ok: bool) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    probe = ServiceReady(await serve(answer))
    look = await probe.look()
    await probe.close()
    assert (look.ok, look.value, look.error) == (ok, {"status": status}, "")


async def test_service_that_does_not_answer_is_not_waited_for(listener: socket.socket) -> None:
    probe = ServiceReady(f"http://127.0.0.1:{port_of(listener)}", within=ms(50))
    began_ns = now_ns()
    look = await probe.look()
    await probe.close()
    assert (look.ok, look.value, look.error) == (False, {"status": None, "given_up": True}, "no answer within 50 ms")
    assert now_ns() - began_ns < seconds(DEADLINE_S).ns


async def test_service_that_is_gone_is_an_observation() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        probe = ServiceReady(f"http://127.0.0.1:{port_of(holder)}")
        look = await probe.look()
        await probe.close()
    assert (look.ok, look.value, look.error) == (False, {"status": None}, "ClientConnectorError")


async def test_readiness_can_be_asked_again_after_a_close(serve: Callable[[Handler], Awaitable[str]]) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    probe = ServiceReady(await serve(answer))
    for _ in range(2):
        assert (await probe.look()).ok
        await probe.close()
    await probe.close()


def test_established_connections_of_a_process_are_counted(listener: socket.socket) -> None:
    port = port_of(listener)
    with ExitStack() as connections:
        for expected in (1, 2, 3):
            connections.enter_context(socket.create_connection(("127.0.0.1", port), DEADLINE_S))
            connections.enter_context(listener.accept()[0])
            assert connections_to(os.getpid(), port) == expected
    assert connections_to(os.getpid(), port) == 0


def test_listening_is_no_connection(listener: socket.socket) -> None:
    assert connections_to(os.getpid(), port_of(listener)) == 0


def test_end_that_accepted_has_no_connection_to_the_port(listener: socket.socket) -> None:
    """It is connected *from* there; only the connection's other end counts, which is another process's."""
    with talker(port_of(listener)) as child, closing(listener.accept()[0]):
        assert connections_to(os.getpid(), port_of(listener)) == 0
        assert connections_to(child.pid, port_of(listener)) == 1


def test_connections_of_another_process_are_not_counted(listener: socket.socket) -> None:
    port = port_of(listener)
    with talker(port) as child, closing(listener.accept()[0]):
        with socket.create_connection(("127.0.0.1", port), DEADLINE_S), closing(listener.accept()[0]):
            assert (connections_to(os.getpid(), port), connections_to(child.pid, port)) == (1, 1)
        assert (connections_to(os.getpid(), port), connections_to(child.pid, port)) == (0, 1)


def test_connections_to_another_port_are_not_counted(listener: socket.socket) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(("127.0.0.1", port_of(other)), DEADLINE_S),
        closing(other.accept()[0]),
    ):
        assert connections_to(os.getpid(), port_of(listener)) == 0
        assert connections_to(os.getpid(), port_of(other)) == 1


def test_connection_that_the_server_has_ended_is_not_established(listener: socket.socket) -> None:
    port = port_of(listener)
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as near:
        listener.accept()[0].close()
        assert near.recv(1) == b""
        assert connections_to(os.getpid(), port) == 0


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
def test_connections_over_ipv6_are_counted_too() -> None:
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as listener,
        socket.create_connection(("::1", port_of(listener)), DEADLINE_S),
        closing(listener.accept()[0]),
    ):
        assert connections_to(os.getpid(), port_of(listener)) == 1


def test_process_that_is_gone_has_no_connections(listener: socket.socket) -> None:
    with talker(port_of(listener)) as child, closing(listener.accept()[0]):
        pass
    assert connections_to(child.pid, port_of(listener)) == 0


async def test_service_is_on_its_way_only_if_every_connection_goes_through_the_edge(listener: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as connections:
        probe = ServicePath(os.getpid(), edge_port=port_of(listener), server_port=port_of(server))
        looks = [await probe.look()]
        for target in (listener, server):
            connections.enter_context(socket.create_connection(("127.0.0.1", port_of(target)), DEADLINE_S))
            connections.enter_context(target.accept()[0])
            looks.append(await probe.look())
        await probe.close()
    assert [(look.ok, look.value) for look in looks] == [
        (False, {"through_edge": 0, "around_edge": 0, "connecting": 0}),
        (True, {"through_edge": 1, "around_edge": 0, "connecting": 0}),
        (False, {"through_edge": 1, "around_edge": 1, "connecting": 0}),
    ]


async def test_server_without_a_port_cannot_be_reached_around_the_edge(listener: socket.socket) -> None:
    probe = ServicePath(os.getpid(), edge_port=port_of(listener), server_port=None)
    with socket.create_connection(("127.0.0.1", port_of(listener)), DEADLINE_S), closing(listener.accept()[0]):
        look = await probe.look()
    assert (look.ok, look.value) == (True, {"through_edge": 1, "around_edge": 0, "connecting": 0})


async def test_a_connect_that_got_no_answer_yet_is_told_apart() -> None:
    """Method: a listener whose queue is full drops what comes, so the connect stands in the kernel's table as sent."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        look = await ServicePath(os.getpid(), edge_port=listener.getsockname()[1], server_port=None).look()
    assert look.value["connecting"]
    assert (look.value["around_edge"], look.ok) == (0, True)
