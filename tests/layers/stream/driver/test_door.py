"""What a connect to an edge meets, by the kernel's own word."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

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
