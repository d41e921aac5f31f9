"""What a connect to an edge meets, by the kernel's own word."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.layers.stream.driver.door import Doorway
from fraiseql_chaos.layers.stream.driver.port import HeldPort
from fraiseql_chaos.layers.stream.model import Door

SOON_S = 0.3
DEADLINE_S = 10


@contextlib.contextmanager
def doorway() -> Iterator[tuple[Doorway, HeldPort, asyncio.Queue[socket.socket]]]:
    admitted: asyncio.Queue[socket.socket] = asyncio.Queue()
    port = HeldPort()
    door = Doorway(asyncio.get_running_loop(), port, admitted.put_nowait)
    try:
        yield door, port, admitted
    finally:
        door.turn("shut")
        port.release()
        while not admitted.empty():
            admitted.get_nowait().close()


async def connect(port: HeldPort, within_s: float = DEADLINE_S) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)  # noqa: FBT003  the standard library takes no name here
    try:
        async with asyncio.timeout(within_s):
            await asyncio.get_running_loop().sock_connect(client, (port.host, port.number))
    except BaseException:
        client.close()
        raise
    return client


def test_it_opens_and_shuts_as_often_as_it_is_told() -> None:
    async def check() -> None:
        with doorway() as (door, port, admitted):
            for _ in range(3):
                door.turn("open")
                (await connect(port)).close()
                async with asyncio.timeout(DEADLINE_S):
                    (await admitted.get()).close()
                door.turn("shut")
                with pytest.raises(ConnectionRefusedError):
                    await connect(port)

    asyncio.run(check())


async def admitted_within(admitted: asyncio.Queue[socket.socket], within_s: float = DEADLINE_S) -> None:
    """Close the next one who is let in."""
    async with asyncio.timeout(within_s):
        (await admitted.get()).close()


def test_a_slow_door_lets_one_in_after_another() -> None:
    async def check() -> None:
        with doorway() as (door, port, admitted):
            door.turn("slow", accept_delay=ms(50))
            began_s = time.monotonic()
            clients = [await connect(port) for _ in range(3)]
            for number in (1, 2, 3):
                await admitted_within(admitted)
                assert time.monotonic() - began_s >= number * 0.05 - 0.005  # The clocks of the two differ by less than the rest.
            for client in clients:
                client.close()

    asyncio.run(check())


@pytest.mark.parametrize("then", ["open", "hanging"])
def test_who_waits_at_a_slow_door_is_let_in_when_it_is_turned(then: Door) -> None:
    async def check() -> None:
        with doorway() as (door, port, admitted):
            door.turn("slow", accept_delay=seconds(3600))
            clients = [await connect(port) for _ in range(70)]
            with pytest.raises(TimeoutError):
                await admitted_within(admitted, SOON_S)
            door.turn(then)
            for client in clients:
                await admitted_within(admitted)
                client.close()

    asyncio.run(check())


def test_a_slow_door_may_become_quicker_while_somebody_waits() -> None:
    async def check() -> None:
        with doorway() as (door, port, admitted):
            door.turn("slow", accept_delay=seconds(3600))
            with await connect(port):
                await asyncio.sleep(0)
                door.turn("slow", accept_delay=ms(10))
                await admitted_within(admitted)

    asyncio.run(check())


@pytest.mark.parametrize("then", ["open", "shut"])
def test_a_hanging_connect_gets_no_answer_until_the_door_is_turned(then: Door) -> None:
    """The client's kernel sends its SYN again after a second, and what the door is by then decides."""

    async def check() -> None:
        with doorway() as (door, port, admitted):
            door.turn("hanging")
            with pytest.raises(TimeoutError):
                await connect(port, SOON_S)
            waiting = asyncio.ensure_future(connect(port))
            done, _ = await asyncio.wait((waiting,), timeout=SOON_S)
            assert not done
            assert admitted.empty()
            door.turn(then)
            if then == "open":
                (await waiting).close()
            else:
                with pytest.raises(ConnectionRefusedError):
                    await waiting

    asyncio.run(check())
