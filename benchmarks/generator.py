"""
How late is the load generator?

Plan-time error is ``sent_ns - planned_ns`` of each request: what the generator itself adds before the kernel has the request. Asked for:
p99 of at most 1 ms at 500 requests a second. The server is a process of its own that answers every request at once from one
``bytes``, so that what is measured is the generator and the machine, not a service. ``timer alone`` is the same plan with nothing sent:
what the machine itself is late by, and so the floor. Run it on a machine that does nothing else:

    python benchmarks/generator.py [--rate 500] [--seconds 10] [--spacing constant] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
from collections.abc import Sequence
from contextlib import closing
from typing import cast

import uvloop

from fraiseql_chaos.core import ms, now_ns, per_second, seconds
from fraiseql_chaos.history import GeneratorStalled, Operation
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadGenerator, LoadSpec, Target
from fraiseql_chaos.workload.pacer import Pacer

BODY = b'{"data":{"ping":"pong"}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
PING = GraphQLOperation(name="ping", document="query Ping { ping }", kind="query", cases=(Case(variables={}, data={"ping": "pong"}),))


class Answering(asyncio.Protocol):
    """Answers each chunk that ends a request; the generator's requests are small enough to come whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        if data.endswith(b"}"):
            self._transport.write(ANSWER)


def serve(listener: socket.socket) -> None:
    """Answer until killed."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, sock=listener)
        await server.serve_forever()

    uvloop.run(forever())


async def timer_alone(spec: LoadSpec) -> list[int]:
    """Return how late each call of the plan is if it does nothing."""
    origin_ns = now_ns() + ms(200).ns
    due_ns = [origin_ns + at_ns for at_ns in spec.planned_times()]
    late_ns: list[int] = []
    with closing(Pacer(due_ns, lambda ordinal: late_ns.append(now_ns() - due_ns[ordinal]))) as pacer:
        await pacer.finished
    return late_ns


async def measure(keeper: Keeper, spec: LoadSpec) -> tuple[list[Operation], int]:
    """Run one load; return its requests, and how often the generator stalled."""
    generator = await LoadGenerator.start(keeper, directory=keeper.directory, spec=spec)
    await generator.begin(now_ns() + ms(200).ns)
    events = [event async for event in generator.events()]
    return [e for e in events if isinstance(e, Operation)], sum(isinstance(e, GeneratorStalled) for e in events)


def quantiles_us(values_ns: Sequence[int]) -> str:
    """Return p50, p99, p99.9 and the maximum, in microseconds."""
    ranked = sorted(values_ns)
    picks = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return "  ".join(f"{name} {ranked[min(len(ranked) - 1, int(len(ranked) * q))] / 1000:7.0f}" for name, q in picks.items())


def main() -> None:
    """Print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--spacing", choices=("constant", "poisson"), default="constant")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as listener, Keeper.start() as keeper:
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        server.start()
        spec = LoadSpec(
            target=Target(url=f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"),
            operations=(PING,),
            rate=per_second(options.rate),
            lasting=seconds(options.seconds),
            spacing=options.spacing,
            seed=1,
            mark="benchmark",
        )
        print(f"{spec.rate} {spec.spacing} for {spec.lasting}; microseconds")
        for _ in range(options.rounds):
            print(f"  timer alone      {quantiles_us(uvloop.run(timer_alone(spec)))}")
            operations, stalls = uvloop.run(measure(keeper, spec))
            wrong = sum(o.outcome != "ok" for o in operations)
            print(f"  plan-time error  {quantiles_us([o.sent_ns - o.planned_ns for o in operations if o.sent_ns is not None])}")
            print(f"  latency          {quantiles_us([o.latency_ns for o in operations])}   not ok: {wrong} of {len(operations)}, stalls: {stalls}")
        server.terminate()
        server.join(5)


if __name__ == "__main__":
    main()
