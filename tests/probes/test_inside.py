"""
Clients that look from inside a network where nobody outside reaches what they look at; their process cannot be lost unheard.

Method: a real namespace, with a listener in it that is the test's own, so that what is seen must have been seen in there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from fraiseql_chaos.core import now_ns, seconds, wait_until
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.probes import Edge, clients
from fraiseql_chaos.probes.inside import InsideProbes
from fraiseql_chaos.rig.keeper import Child, Keeper
from links import Link, linked

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def keeper() -> Iterator[Keeper]:
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture(scope="module")
def link(keeper: Keeper) -> Iterator[Link]:
    with linked(keeper, seed=1) as link:
        yield link


@pytest.fixture
def listener(link: Link) -> Iterator[socket.socket]:
    """Listen on the near network's own loopback; the kernel answers a connect without anybody's help."""
    with link.near.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener


def edge_at(listener: socket.socket) -> Edge:
    host, port = listener.getsockname()
    return Edge(host=host, port=port, user="app", database="blog", dsn=f"postgresql://app@{host}:{port}/blog")


async def started(keeper: Keeper, link: Link, edge: Edge, *names: str) -> InsideProbes:
    return await InsideProbes.start(keeper, inside=link.inside, edge=edge, names=names)


def is_gone(process: Child, keeper: Keeper) -> bool:
    return keeper.exit_status(process) is not None


async def test_what_is_seen_inside_arrives_here_and_nobody_sees_it_from_outside(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    seen: list[Sample] = []
    edge = edge_at(listener)
    began_ns = now_ns()
    probes = await started(keeper, link, edge, "edge_connect", "edge_idle")
    async with probes.sampling(seen.append):
        await wait_until(lambda: sum(sample.probe == "edge_connect" for sample in seen) >= 3, within=seconds(10), what="three looks")
    probes.close()
    connects = [sample for sample in seen if sample.probe == "edge_connect"]
    assert all(sample.ok for sample in connects), connects
    assert began_ns <= connects[0].began_ns <= connects[-1].at_ns <= now_ns(), "on the machine's clock"
    await wait_until(lambda: is_gone(probes.process, keeper), within=seconds(5), what="the end of the process")

    (outside,) = clients(["edge_connect"], edge)
    look = await outside.look()
    assert (look.ok, look.error) == (False, "ECONNREFUSED"), "the negative control: the same client, from here"


async def test_what_was_seen_before_the_looking_ends_has_arrived_when_it_has_ended(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    """Method: a runner that is busy all the while has read nothing when it says stop, and still gets what was seen meanwhile."""
    seen: list[Sample] = []
    probes = await started(keeper, link, edge_at(listener), "edge_connect")
    async with probes.sampling(seen.append):
        for _ in range(5):
            listener.accept()[0].close()  # Blocks this thread, and with it all that reads: a look each.
        assert seen == []
    probes.close()
    assert len(seen) >= 4


async def test_a_process_that_is_killed_ends_the_looking_with_an_error(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    probes = await started(keeper, link, edge_at(listener), "edge_connect")
    with pytest.RaisesGroup(pytest.RaisesExc(RigError, match=r"process of the clients inside \(process \d+\) was killed by signal 9")):
        async with probes.sampling(lambda _sample: os.kill(probes.process.pid, signal.SIGKILL)):
            await asyncio.Event().wait()
    probes.close()


async def test_a_process_that_says_nothing_any_more_is_missed(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    probes = await started(keeper, link, edge_at(listener), "edge_connect")
    with pytest.RaisesGroup(pytest.RaisesExc(RigError, match="process of the clients inside .* hangs")):
        async with probes.sampling(lambda _sample: os.kill(probes.process.pid, signal.SIGSTOP)):
            await asyncio.Event().wait()
    probes.close()
    await wait_until(lambda: is_gone(probes.process, keeper), within=seconds(5), what="its end, although it was stopped")


async def test_a_client_that_nobody_knows_is_refused(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    with pytest.raises(RigError, match="no client of an edge is called 'edge_roundtrip'"):
        await started(keeper, link, edge_at(listener), "edge_connect", "edge_roundtrip")


async def test_a_block_that_fails_fails_as_it_does_and_leaves_nobody_behind(keeper: Keeper, link: Link, listener: socket.socket) -> None:
    probes = await started(keeper, link, edge_at(listener), "edge_connect")
    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError)):
        async with probes.sampling(lambda _sample: None):
            raise ZeroDivisionError
    probes.close()
    await wait_until(lambda: is_gone(probes.process, keeper), within=seconds(5), what="the end of the process")
