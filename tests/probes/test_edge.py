"""Round trips and connects through a wire of the test's own, which can be cut and clogged, to a real PostgreSQL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms, now_ns, seconds, wait_until
from fraiseql_chaos.history import Sample
from fraiseql_chaos.probes import EdgeConnect, EdgeRoundTrip, sampling
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.control import fetch, run

pytestmark = pytest.mark.anyio

PATIENT = seconds(30)

PROMPT = seconds(4)
"""Longer than any look here may take on a slow machine, and shorter than what a driver would wait by itself for a wire that is clogged."""


class Wire:
    """Carries bytes to a server until it is cut, for good or for once, or clogged: then nothing arrives any more, and nothing ends."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self.free = asyncio.Event()
        self.free.set()
        self.writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.joined = 0

    async def start(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        address: tuple[str, int] = self._server.sockets[0].getsockname()
        return address

    def clog(self) -> None:
        self.free.clear()

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._go(self._joined(reader, writer))

    async def _joined(self, near: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        self.writers.append(near_writer)
        await self.free.wait()
        far, far_writer = await asyncio.open_connection(*self._upstream)
        self.joined += 1
        self.writers.append(far_writer)
        self._go(self._carry(near, far_writer))
        self._go(self._carry(far, near_writer))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(2**16):
                await self.free.wait()
                sink.write(chunk)
        except ConnectionError:
            pass
        sink.close()

    def _go(self, carrying: object) -> None:
        assert asyncio.iscoroutine(carrying)
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(carrying)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            await run(cluster.control_dsn(), "CREATE ROLE app LOGIN")
            yield cluster


@pytest.fixture
async def wire(cluster: Cluster) -> AsyncIterator[Wire]:
    """A wire of the test's own; the next test begins when the server has ended the sessions behind it."""
    wire = Wire((cluster.host, cluster.port))
    yield wire
    await wire.close()
    assert await wait_until(lambda: is_deserted(cluster), within=PATIENT, what="the end of all sessions")


async def is_deserted(cluster: Cluster) -> bool:
    return await fetch(cluster.control_dsn(), "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == [(0,)]


@pytest.fixture
async def probe(cluster: Cluster, wire: Wire) -> AsyncIterator[EdgeRoundTrip]:
    probe = EdgeRoundTrip(cluster.dsn("postgres", via=await wire.start()), every=ms(1), within=PATIENT)
    yield probe
    await probe.close()


@pytest.fixture
async def hasty(cluster: Cluster, wire: Wire) -> AsyncIterator[EdgeRoundTrip]:
    """A probe that gives up so soon that a busy machine may make it give up a wire that is free, too."""
    probe = EdgeRoundTrip(cluster.dsn("postgres", via=await wire.start()), every=ms(1), within=ms(300))
    yield probe
    await probe.close()


async def until_well(probe: EdgeRoundTrip) -> None:
    async def is_well() -> bool:
        return (await probe.look()).ok

    assert await wait_until(is_well, within=PATIENT, what="a look that is well")


async def test_round_trips_share_one_connection(probe: EdgeRoundTrip, wire: Wire) -> None:
    looks = [await probe.look() for _ in range(3)]
    assert [(look.ok, look.error) for look in looks] == [(True, "")] * 3
    assert wire.joined == 1


async def test_measured_part_begins_when_the_connection_stands(probe: EdgeRoundTrip, wire: Wire) -> None:
    wire.clog()
    asking = asyncio.ensure_future(probe.look())
    assert await wait_until(lambda: bool(wire.writers), within=PROMPT, what="the connect")
    unclogged_ns = now_ns()
    wire.free.set()
    look = await asking
    assert look.ok
    assert look.began_ns is not None
    assert look.began_ns > unclogged_ns


async def test_the_servers_clock_parts_a_round_trip_in_two(probe: EdgeRoundTrip) -> None:
    for _ in range(5):
        look = await probe.look()
        assert look.began_ns is not None
        whole_ms = (now_ns() - look.began_ns) / NS_PER_MS
        up_ms, down_ms = look.value["up_ms"], look.value["down_ms"]
        assert isinstance(up_ms, float)
        assert isinstance(down_ms, float)
        # Both are of this machine, so neither half can lie outside of the whole; the clock is told in microseconds.
        assert -0.5 < up_ms < whole_ms + 0.5
        assert -0.5 < down_ms < whole_ms + 0.5


async def test_probe_reconnects_after_a_break(probe: EdgeRoundTrip, wire: Wire) -> None:
    assert (await probe.look()).ok
    wire.cut()
    broken, again = await probe.look(), await probe.look()
    assert (broken.ok, again.ok, wire.joined) == (False, True, 2)
    assert "server closed the connection" in broken.error or "Connection reset" in broken.error


async def test_server_that_ends_the_session_is_told_in_its_own_words(probe: EdgeRoundTrip, cluster: Cluster) -> None:
    assert (await probe.look()).ok
    sessions = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'app'"
    assert await fetch(cluster.control_dsn(), sessions) == [(True,)]
    assert "terminating connection due to administrator command" in (await probe.look()).error
    assert (await probe.look()).ok


async def test_look_at_a_clogged_wire_is_given_up_in_time(hasty: EdgeRoundTrip, wire: Wire) -> None:
    """The driver would ask the server to cancel first, over the same wire, and wait for the answer."""
    await until_well(hasty)
    wire.clog()
    began_ns = now_ns()
    look = await hasty.look()
    assert (look.ok, look.error) == (False, "TimeoutError")
    assert ms(300).ns <= now_ns() - began_ns < PROMPT.ns


async def test_connect_through_a_clogged_wire_is_given_up_in_time(hasty: EdgeRoundTrip, wire: Wire) -> None:
    wire.clog()
    began_ns = now_ns()
    assert (await hasty.look()).error == "TimeoutError"
    assert ms(300).ns <= now_ns() - began_ns < PROMPT.ns


async def test_probe_sees_again_when_the_wire_is_free(hasty: EdgeRoundTrip, wire: Wire) -> None:
    await until_well(hasty)
    wire.clog()
    assert not (await hasty.look()).ok
    wire.free.set()
    await until_well(hasty)


async def test_sampling_ends_at_once_although_a_look_is_stuck(cluster: Cluster, wire: Wire) -> None:
    patient = EdgeRoundTrip(cluster.dsn("postgres", via=await wire.start()), every=ms(1), within=seconds(3600))
    samples: list[Sample] = []
    async with sampling((patient,), samples.append):
        assert await wait_until(lambda: len(samples) > 1, within=PROMPT, what="the first looks")
        wire.clog()
        seen = len(samples)
        # Looks that were answered already may still be told; then one is stuck.
        assert await wait_until(lambda: _is_stuck(samples), within=PROMPT, what="a stuck look")
        began_ns = now_ns()
    assert now_ns() - began_ns < PROMPT.ns
    assert len(samples) - seen <= 1
    assert all(sample.ok for sample in samples)


def _is_stuck(samples: list[Sample]) -> bool:
    return now_ns() - samples[-1].at_ns > ms(50).ns


async def test_probe_is_not_counted_among_the_services_sessions(probe: EdgeRoundTrip, cluster: Cluster) -> None:
    assert (await probe.look()).ok
    names = "SELECT application_name FROM pg_stat_activity WHERE usename = 'app'"
    assert await fetch(cluster.control_dsn(), names) == [("fraiseql-chaos",)]


async def test_nothing_is_left_of_a_probe_that_was_closed(probe: EdgeRoundTrip, cluster: Cluster) -> None:
    assert (await probe.look()).ok
    await probe.close()

    assert await wait_until(lambda: is_deserted(cluster), within=PROMPT, what="the end of the probe's session")


async def test_connect_that_is_accepted_is_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        look = await EdgeConnect(*listener.getsockname()).look()
        listener.settimeout(PROMPT.s)
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(PROMPT.s)
            assert (look.ok, look.value, look.error, accepted.recv(1)) == (True, {}, "", b"")


async def test_refusal_is_told_in_the_kernels_own_word() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        probe = EdgeConnect(*held.getsockname())
        look = await probe.look()
        await probe.close()
    assert (look.ok, look.error) == (False, "ECONNREFUSED")


async def test_connect_that_nobody_answers_is_given_up_in_time() -> None:
    """A listener whose queue is full drops what comes, as a filter in the network would."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        began_ns = now_ns()
        look = await EdgeConnect(*listener.getsockname(), within=ms(100)).look()
    assert (look.ok, look.error) == (False, "ETIMEDOUT")
    assert ms(100).ns <= now_ns() - began_ns < PROMPT.ns


async def test_error_without_a_name_is_told_in_its_words() -> None:
    look = await EdgeConnect("no such host", 1).look()
    assert not look.ok
    assert look.error
