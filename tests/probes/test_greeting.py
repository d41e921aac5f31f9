"""Clients that say one word to a real PostgreSQL, and to servers that end, hang and reset."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.probes import EdgeFarewell, EdgeGreeting, EdgeIdle, Probe
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.testing import HEALTHY

pytestmark = pytest.mark.anyio

PROMPT = seconds(10)


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            yield cluster


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


@contextlib.asynccontextmanager
async def serving(listener: socket.socket, greeting: bytes = b"N") -> AsyncIterator[list[socket.socket]]:
    """Accept and greet; what was accepted is in the list."""
    accepted: list[socket.socket] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            accepted.append(client)
            if greeting:
                await loop.sock_recv(client, 8)
                await loop.sock_sendall(client, greeting)

    task = asyncio.ensure_future(serve())
    yield accepted
    task.cancel()
    for client in accepted:
        client.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("kind", [EdgeGreeting, EdgeIdle, EdgeFarewell])
async def test_a_healthy_server_is_well_and_says_what_conformance_checks_take_for_health(
    cluster: Cluster, kind: type[EdgeGreeting | EdgeIdle | EdgeFarewell]
) -> None:
    probe: Probe = kind(cluster.host, cluster.port)
    looks = [await probe.look() for _ in range(3)]
    await probe.close()
    assert [(look.ok, look.error) for look in looks] == [(True, "")] * 3
    assert all(look.value.keys() == HEALTHY[probe.name].keys() for look in looks)


async def test_greeting_is_measured_from_the_connect(listener: socket.socket) -> None:
    look = asyncio.ensure_future(EdgeGreeting(*listener.getsockname()).look())
    await asyncio.sleep(0)
    client, _ = await asyncio.get_running_loop().sock_accept(listener)
    with client:
        assert await asyncio.get_running_loop().sock_recv(client, 8)
        asked_ns = now_ns()
        await asyncio.get_running_loop().sock_sendall(client, b"S")
        found = await look
    assert found.ok
    assert found.began_ns is not None
    assert found.began_ns <= asked_ns
    assert isinstance(found.value["greeting_ms"], float)


async def test_a_connect_without_a_greeting_is_given_up_in_time(listener: socket.socket) -> None:
    async with serving(listener, greeting=b""):
        look = await EdgeGreeting(*listener.getsockname(), within=ms(200)).look()
    assert (look.ok, look.error, look.value["greeting_ms"]) == (False, "ETIMEDOUT", None)
    assert look.value["connect_ms"] is not None


async def test_a_refusal_is_told_in_the_kernels_word() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        looks = [await kind(*held.getsockname()).look() for kind in (EdgeGreeting, EdgeIdle, EdgeFarewell)]
    assert [look.error for look in looks] == ["ECONNREFUSED"] * 3
    assert looks[0].value == {"connect_ms": None, "greeting_ms": None}


@pytest.mark.parametrize("ending", ["EOF", "ECONNRESET"])
async def test_an_idle_connection_tells_how_it_ended_and_is_made_again(listener: socket.socket, ending: str) -> None:
    probe = EdgeIdle(*listener.getsockname())
    async with serving(listener) as accepted:
        assert [(await probe.look()).ok for _ in range(3)] == [True] * 3
        assert len(accepted) == 1
        (accepted[0].close if ending == "EOF" else lambda: reset(accepted[0]))()
        errors: list[str] = []

        async def is_told() -> bool:
            errors.append((await probe.look()).error)
            return bool(errors[-1])

        assert await wait_until(is_told, within=PROMPT, what="the end of the connection")
        assert errors[-1] == ending
        assert (await probe.look()).ok
        assert len(accepted) == 2
    await probe.close()


async def test_a_greeting_that_never_comes_is_an_end_too(listener: socket.socket) -> None:
    async with serving(listener, greeting=b"") as accepted:
        look = asyncio.ensure_future(EdgeGreeting(*listener.getsockname()).look())
        assert await wait_until(lambda: bool(accepted), within=PROMPT, what="the accept")
        accepted[0].shutdown(socket.SHUT_WR)
        assert (await look).error == "EOF"


async def test_a_farewell_is_measured_from_our_own(listener: socket.socket) -> None:
    began_ns = now_ns()
    async with serving(listener) as accepted:
        asking = asyncio.ensure_future(EdgeFarewell(*listener.getsockname()).look())
        assert await wait_until(lambda: bool(accepted), within=PROMPT, what="the accept")
        said: list[bytes] = []

        async def has_ended() -> bool:
            with contextlib.suppress(BlockingIOError):
                said.append(accepted[0].recv(8, socket.MSG_PEEK))
            return said[-1:] == [b""]

        assert await wait_until(has_ended, within=PROMPT, what="our own farewell")
        accepted[0].close()
        look = await asking
    assert look.ok
    assert look.began_ns is not None
    assert began_ns < look.began_ns


async def test_a_farewell_that_never_comes_is_given_up_in_time(listener: socket.socket) -> None:
    async with serving(listener):
        look = await EdgeFarewell(*listener.getsockname(), within=ms(200)).look()
    assert (look.ok, look.error) == (False, "ETIMEDOUT")


async def test_an_error_without_a_name_is_told_in_its_words() -> None:
    look = await EdgeGreeting("no such host", 1).look()
    assert not look.ok
    assert look.error
    assert look.error not in errno.errorcode.values()
