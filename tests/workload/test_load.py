"""
Whole loads against real servers: what the record says when the service, or the generator itself, is unwell.

The first two tests are the ones that load generators are known to fail: a freeze of the service that the generator waits out
(coordinated omission), and a freeze of the generator that looks like the service's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from statistics import mean, median

import pytest
from aiohttp import web

from fraiseql_chaos.core import Duration, Rate, ms, now_ns, per_second, seconds
from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.history import Event, GeneratorStalled, Operation, encode
from fraiseql_chaos.rig.control_link import ControlLink
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadGenerator, LoadSpec, Target
from fraiseql_chaos.workload.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio

type Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[Target]]
type Start = Callable[[LoadSpec], Awaitable[LoadGenerator]]
type RunLoad = Callable[[LoadSpec], Awaitable[list[Event]]]

PING = GraphQLOperation(name="ping", document="{ ping }", kind="query", cases=(Case(variables={}, data={"ping": "pong"}),))
ADD = GraphQLOperation(name="add", document="mutation { add }", kind="mutation", cases=(Case(variables={}, data={"ping": "pong"}),))


async def pong(_request: web.Request) -> web.Response:
    return web.json_response({"data": {"ping": "pong"}})


async def hang(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


def load(target: Target, *operations: GraphQLOperation, rate: Rate, lasting: Duration, **more: object) -> LoadSpec:
    return LoadSpec(target=target, operations=operations or (PING,), rate=rate, lasting=lasting, seed=7, mark="m", **more)  # type: ignore[arg-type]


@contextmanager
def standing_still() -> Iterator[list[int]]:
    """
    Collect how long this process stood still, each time that it did.

    It shares the machine with the generator, and the servers of these tests run in it: what it missed, they may have missed.
    """
    stalls_ns: list[int] = []
    with closing(Heartbeat(stalled=lambda _at_ns, stall_ns: stalls_ns.append(stall_ns), beaten=lambda: None)):
        yield stalls_ns


def operations_of(events: Sequence[Event]) -> list[Operation]:
    return sorted((e for e in events if isinstance(e, Operation)), key=lambda operation: operation.ordinal)


async def test_a_frozen_service_is_seen_by_everyone_who_came_meanwhile(serve: Serve, generator: Start) -> None:
    """
    Requests due during a freeze wait for its end: a ramp from 1 s down to 0, and a mean of 1/6 s over the run.

    A closed loop would have recorded one request of 1 s, and a mean near 0.
    """
    thawed = asyncio.Event()
    thawed.set()

    async def freeze(request: web.Request) -> web.Response:
        await thawed.wait()
        return await pong(request)

    started = await generator(load(await serve(freeze), rate=per_second(100), lasting=seconds(3)))
    loop = asyncio.get_running_loop()
    origin_ns = now_ns() + ms(50).ns
    thaw_s = loop.time() + 0.05 + 2
    loop.call_at(thaw_s - 1, thawed.clear)
    loop.call_at(thaw_s, thawed.set)
    with standing_still() as stalls_ns:
        await started.begin(origin_ns)
        operations = operations_of([event async for event in started.events()])

    assert {operation.outcome for operation in operations} == {"ok"}
    frozen = [o for o in operations if seconds(1.05).ns <= o.planned_ns < seconds(1.95).ns]
    assert len(frozen) == 90
    excess_ns = [o.latency_ns - (seconds(2).ns - o.planned_ns) for o in frozen]
    assert min(excess_ns) >= -ms(20).ns
    assert median(excess_ns) <= ms(200).ns + sum(stalls_ns)
    # Never below the theory, and above it by no more than what a busy machine takes to answer a hundred requests at once.
    assert seconds(1 / 6).ns * 0.97 <= mean(o.latency_ns for o in operations) <= seconds(1 / 6).ns * 1.8 + sum(stalls_ns)
    lags_ns = [o.sent_ns - o.planned_ns for o in operations if o.sent_ns is not None]
    assert median(lags_ns) < ms(50).ns, "the freeze of the service must not hold up the sends"


async def test_a_frozen_generator_says_that_it_was_itself(serve: Serve, generator: Start) -> None:
    """Stopped for 2 s, it sends what was due late, with the lag on record, and reports a stall of its own."""
    started = await generator(load(await serve(pong), rate=per_second(40), lasting=seconds(3.5)))
    loop = asyncio.get_running_loop()
    signalled_ns: list[int] = []

    def send(number: signal.Signals) -> None:
        os.kill(started.child.pid, number)
        signalled_ns.append(now_ns())
        if number == signal.SIGSTOP:  # for 2 s from now, however late now is
            loop.call_later(2, send, signal.SIGCONT)

    loop.call_later(0.7, send, signal.SIGSTOP)
    with standing_still() as stalls_ns:
        await started.begin(now_ns() + ms(50).ns)
        events = [event async for event in started.events()]

    operations = operations_of(events)
    stalls = [e for e in events if isinstance(e, GeneratorStalled)]
    stall = max(stalls, key=lambda one: one.stall_ns)
    stopped_ns, continued_ns = signalled_ns
    assert -ms(50).ns <= stall.stall_ns - (continued_ns - stopped_ns) <= ms(300).ns + sum(stalls_ns)
    assert [o.ordinal for o in operations] == list(range(140))
    # A tenth of a second at both ends is left out, where a busy machine may have delayed the beat and not the sends.
    overdue = [o for o in operations if stall.at_ns - stall.stall_ns + ms(100).ns < o.planned_ns < stall.at_ns - ms(100).ns]
    assert len(overdue) >= 50
    assert all(o.sent_ns is not None and o.sent_ns >= stall.at_ns - ms(100).ns for o in overdue)
    assert max(o.latency_ns for o in overdue) >= ms(1600).ns, "the user who came at the beginning of the stall did wait"
    # Blamed on the service, the stall would be a second of service time in the middle, as it is of latency. A busy machine takes a good part of that to answer all
    # who were late at once, so the stall is long and the load light.
    assert median(o.latency_ns for o in overdue) >= ms(850).ns
    assert median(o.service_ns for o in overdue if o.service_ns is not None) <= ms(500).ns + sum(stalls_ns)


async def test_a_healthy_load_is_sent_as_planned_and_answered(serve: Serve, generator: Start) -> None:
    spec = load(await serve(pong), rate=per_second(200), lasting=seconds(0.5), spacing="poisson")
    started = await generator(spec)
    await started.begin(now_ns() + ms(50).ns)
    operations = operations_of([event async for event in started.events()])
    assert [o.planned_ns for o in operations] == list(spec.planned_times())
    assert [o.ordinal for o in operations] == list(range(spec.planned().requests))
    assert {(o.name, o.outcome, o.cause, o.status) for o in operations} == {("ping", "ok", "", 200)}
    assert all(o.sent_ns is not None and o.planned_ns <= o.sent_ns < o.done_ns for o in operations)
    assert [told.outcome for told in started.warm_up] == ["ok"]


async def test_the_bound_and_the_end_leave_no_request_out(serve: Serve, run_load: RunLoad) -> None:
    spec = load(await serve(hang), ADD, rate=per_second(200), lasting=seconds(0.3), in_flight_max=10, drain=ms(200), warm_up=0)
    operations = operations_of(await run_load(spec))
    assert [o.cause for o in operations] == ["unfinished"] * 10 + ["not_sent"] * 50
    assert [o.outcome for o in operations] == ["indeterminate"] * 10 + ["fail"] * 50
    assert all(o.done_ns >= ms(500).ns for o in operations[:10])
    assert all(o.sent_ns is None for o in operations[10:])


async def test_wrong_answers_are_found_one_by_one(serve: Serve, run_load: RunLoad) -> None:
    count = 0

    async def every_fifth_is_empty(_request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        return web.json_response({"data": {"ping": None if count % 5 == 0 else "pong"}})

    operations = operations_of(await run_load(load(await serve(every_fifth_is_empty), rate=per_second(100), lasting=seconds(0.5), warm_up=0)))
    wrong = [o for o in operations if o.outcome != "ok"]
    assert {(o.cause, o.detail) for o in wrong} == {("wrong_answer", "data.ping: expected 'pong', got None")}
    assert len(wrong) == 10


async def test_a_service_that_is_not_there_fails_every_request(run_load: RunLoad) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: the kernel refuses, and gives the port to nobody else
        target = Target(url=f"http://127.0.0.1:{nobody.getsockname()[1]}/graphql")
        operations = operations_of(await run_load(load(target, PING, ADD, rate=per_second(100), lasting=seconds(0.3))))
    assert {(o.outcome, o.cause) for o in operations} == {("fail", "connect_failed")}
    assert len(operations) == 30


async def test_operations_are_mixed_by_weight_and_seed(serve: Serve, run_load: RunLoad) -> None:
    spec = load(await serve(pong), PING, ADD, rate=per_second(400), lasting=seconds(0.5), weights=(3, 1))
    one, same = [[o.name for o in operations_of(await run_load(spec))] for _ in range(2)]
    assert one == same
    assert one.count("add") == pytest.approx(50, abs=25)


async def test_a_generator_that_dies_is_an_error_and_not_a_shorter_run(serve: Serve, generator: Start) -> None:
    started = await generator(load(await serve(pong), rate=per_second(50), lasting=seconds(30)))
    await started.begin(now_ns() + ms(50).ns)
    with pytest.raises(RigError, match="killed by signal 9 before its work was done"):
        await _kill_at_the_first_event(started)


async def test_a_request_without_a_record_is_an_error_and_not_a_shorter_run(keeper: Keeper) -> None:
    """The other end of the connection is the test itself: it claims two requests and accounts for one."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    child = keeper.spawn(["/bin/sleep", "60"], name="sleep", log=keeper.directory / "log", env={})
    spec = load(Target(url="http://127.0.0.1:1/"), rate=per_second(2), lasting=seconds(1))
    started = LoadGenerator(ControlLink(keeper, child, keeper.directory / "log", reader, writer), spec, ())
    await started.begin(now_ns())
    record = Operation(ordinal=0, name="ping", planned_ns=0, sent_ns=0, done_ns=1, outcome="ok")
    with theirs:
        theirs.sendall(encode(record).encode() + b'\n{"done": {"requests": 2}}\n')
        events = started.events()
        assert await anext(events) == record
        with pytest.raises(RigError, match="planned 2 requests and accounted for 1"):
            await anext(events)


async def _kill_at_the_first_event(started: LoadGenerator) -> None:
    async for _ in started.events():
        os.kill(started.child.pid, signal.SIGKILL)


async def test_a_load_that_cannot_be_is_refused_before_it_begins(serve: Serve, generator: Start) -> None:
    spec = load(await serve(pong), rate=per_second(1), lasting=seconds(1))
    started = await generator(spec)
    with pytest.raises(LocalProtocolError, match="before begin"):
        await anext(aiter(started.events()))


async def test_a_load_whose_runner_hangs_up_ends(serve: Serve, generator: Start, eventually: Callable[[Callable[[], object], float], None]) -> None:
    started = await generator(load(await serve(pong), rate=per_second(50), lasting=seconds(30)))
    await started.begin(now_ns() + ms(50).ns)
    await anext(aiter(started.events()))
    started.close()
    await asyncio.sleep(0)
    eventually(lambda: started._link._keeper.exit_status(started.child) is not None, 10)
