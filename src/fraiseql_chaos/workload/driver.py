"""
The load generator's process: ``python -m fraiseql_chaos.workload.driver --control PATH``.

It is a process of its own because it must not share a loop, a collector or a lock with anything that arms faults, samples probes or
runs tests. The runner listens on PATH, the generator connects, and both speak lines of JSON:

    runner                                     generator
      {"spec": {...}}             ------->       connects to the service, warms up
                                  <-------     {"ready": {"warm_up": [...]}}  or  {"failed": "why"}
      {"origin_ns": N}            ------->       sends each request at N + its planned time
                                  <-------     events, as in a history, while they happen
                                  <-------     {"done": {"requests": n, ...}}

If the runner goes away the generator ends at once: a load that nobody records must not go on.

In the hot phase the collector of cyclic garbage does not run when it likes, which may be between a planned instant and its send. All
that was there before is frozen, and each heartbeat collects what was made since the last: 15 us, since requests that go well leave no
cycles. While many requests hang, only the youngest generation is looked at, for to walk 4096 open requests would itself be a stall.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import uvloop

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import ChaosError, LocalProtocolError, RigError
from fraiseql_chaos.history import GeneratorStalled
from fraiseql_chaos.workload.client import GraphQLClient
from fraiseql_chaos.workload.flights import Flights
from fraiseql_chaos.workload.heartbeat import Heartbeat
from fraiseql_chaos.workload.outbox import Outbox
from fraiseql_chaos.workload.pacer import Pacer
from fraiseql_chaos.workload.requests import Request, request_of
from fraiseql_chaos.workload.spec import LoadSpec
from fraiseql_chaos.workload.warming import warm_up

__all__ = ["main"]

_LINE_MAX: Final = 64 * 1024 * 1024
_OWN_DESCRIPTORS: Final = 64
_FEW_IN_FLIGHT: Final = 64


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a generator until its load is done or its runner has gone."""
    parser = argparse.ArgumentParser(description="Open-loop load generator; started by the runner.")
    parser.add_argument("--control", required=True, metavar="PATH", help="Unix socket that the runner listens on")
    uvloop.run(_serve(parser.parse_args(arguments).control))


async def _serve(control: str) -> None:
    reader, writer = await asyncio.open_unix_connection(control, limit=_LINE_MAX)
    outbox = Outbox(writer)
    broken = _first_unforeseen_error()
    load = asyncio.ensure_future(_load(reader, outbox))
    await asyncio.wait({load, broken}, return_when=asyncio.FIRST_COMPLETED)
    try:
        (load if load.done() else broken).result()
    except ChaosError as error:
        outbox.say({"failed": str(error)})
    except ConnectionError as error:
        sys.exit(f"the runner has gone: {error}")
    await writer.drain()
    writer.close()


async def _load(reader: asyncio.StreamReader, outbox: Outbox) -> None:
    spec = LoadSpec.from_json(await _told(reader, "spec"))
    _allow_descriptors(spec.in_flight_max)
    planned_ns = spec.planned_times()
    async with GraphQLClient(spec.target, connections_max=spec.in_flight_max, timeout=spec.timeout) as client:
        outbox.say({"ready": {"warm_up": await warm_up(client, spec)}})
        origin_ns = await _told(reader, "origin_ns")
        gone = asyncio.ensure_future(_until_gone(reader))
        hot = asyncio.ensure_future(_hot_phase(spec, planned_ns, origin_ns, client, outbox))
        await asyncio.wait({gone, hot}, return_when=asyncio.FIRST_COMPLETED)
        (hot if hot.done() else gone).result()
        gone.cancel()


async def _hot_phase(spec: LoadSpec, planned_ns: Sequence[int], origin_ns: int, client: GraphQLClient, outbox: Outbox) -> None:
    flights = Flights(client, planned_ns=planned_ns, origin_ns=origin_ns, in_flight_max=spec.in_flight_max, record=outbox.record)
    cpu_ns = time.process_time_ns()
    stalls: list[int] = []
    # The next request is made up while nothing is due, so that only its send is left when it is.
    ahead = [_request(spec, 0)]

    def send(ordinal: int) -> None:
        flights.launch(ordinal, ahead.pop())
        ahead.append(_request(spec, ordinal + 1))

    def stalled(at_ns: int, stall_ns: int) -> None:
        stalls.append(stall_ns)
        outbox.record(GeneratorStalled(at_ns=at_ns - origin_ns, stall_ns=stall_ns))

    def beaten() -> None:
        outbox.flush()
        gc.collect(1 if flights.count < _FEW_IN_FLIGHT else 0)

    gc.collect()
    gc.freeze()
    gc.disable()
    with closing(Heartbeat(stalled=stalled, beaten=beaten)), closing(Pacer([origin_ns + at_ns for at_ns in planned_ns], send)) as pacer:
        await pacer.finished
        await flights.drained(origin_ns + spec.lasting.ns + spec.drain.ns)
    gc.enable()
    outbox.say({"done": {"requests": len(planned_ns), "stalls": len(stalls), "cpu_ns": time.process_time_ns() - cpu_ns}})


def _request(spec: LoadSpec, ordinal: int) -> Request:
    return request_of(spec.operations, spec.weighted, seed=spec.seed, ordinal=ordinal, mark=spec.mark)


async def _told(reader: asyncio.StreamReader, key: str) -> Any:
    line = await reader.readline()
    if not line:
        raise ConnectionResetError(f"it closed the control connection before it sent {key!r}")
    message: JsonObject = json.loads(line)
    if key not in message:
        raise LocalProtocolError(f"the runner should have sent {key!r}, and sent {', '.join(message)}")
    return message[key]


async def _until_gone(reader: asyncio.StreamReader) -> None:
    await reader.read()
    raise ConnectionResetError("it closed the control connection during the load")


def _allow_descriptors(connections: int) -> None:
    """Let this process open a connection for each request in flight; the usual soft limit is 1024."""
    needed = connections + _OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise RigError(f"{connections} requests in flight need {needed} file descriptors, and this machine allows {hard}: raise 'ulimit -Hn'")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _first_unforeseen_error() -> asyncio.Future[None]:
    """Return what fails with the first error that a callback of the loop raises: a load with a hole in it must end, not go on."""
    loop = asyncio.get_running_loop()
    broken: asyncio.Future[None] = loop.create_future()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException) and "handle" in context and not broken.done():
            broken.set_exception(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    return broken


if __name__ == "__main__":
    main()
