"""
The process of closed-loop bursts: ``python -m fraiseql_chaos.workload.bursts_driver --control PATH``.

It speaks lines of JSON on the Unix socket that its runner listens on: first the target, then bursts, each answered with what was measured. It
ends when the runner hangs up, or with it; a burst is bounded by the time that each of its requests may take.

All requests of a burst are made up before its first is sent, nothing is judged by anything but the check of each answer, and garbage is
collected between bursts only.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
from collections import deque
from collections.abc import Sequence
from typing import Any

import uvloop

from fraiseql_chaos.core import JsonObject, dice, ms
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.model import Case, GraphQLOperation
from fraiseql_chaos.workload.requests import Request, request_with
from fraiseql_chaos.workload.spec import Target

__all__ = ["main"]

_LINE_MAX = 64 * 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Carry out bursts until the runner has gone."""
    parser = argparse.ArgumentParser(description="Closed-loop load generator; started by the runner.")
    parser.add_argument("--control", required=True, metavar="PATH", help="Unix socket that the runner listens on")
    uvloop.run(_serve(parser.parse_args(arguments).control))


async def _serve(control: str) -> None:
    reader, writer = await asyncio.open_unix_connection(control, limit=_LINE_MAX)
    told: dict[str, Any] = json.loads(await reader.readline() or b"null") or {}
    if not told:
        return
    timeout = ms(told["timeout_ms"])
    async with GraphQLClient(Target.from_json(told["target"]), connections_max=told["connections"], timeout=timeout) as client:
        while line := await reader.readline():
            order = json.loads(line)
            writer.write(json.dumps({"burst": await _burst(client, order)}).encode() + b"\n")
            await writer.drain()
    writer.close()


async def _burst(client: GraphQLClient, order: dict[str, Any]) -> JsonObject:
    operation = GraphQLOperation.from_json(order["operation"])
    count = order["warm_up"] + order["requests"]
    cases = dice(order["seed"], "cases", operation.name).sample(operation.cases, len(operation.cases))
    ahead = deque((n, _request(operation, cases, order["first"] + n, order["mark"])) for n in range(count))
    done: list[Passage] = []
    wrong: list[str] = []

    async def work() -> None:
        while ahead:
            ordinal, request = ahead.popleft()
            passage = await _asked(client, request, wrong)
            if ordinal >= order["warm_up"]:
                done.append(passage)

    gc.collect()
    gc.disable()
    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(order["in_flight"]):
                workers.create_task(work())
    finally:
        gc.enable()
    sent_ns = [passage.sent_ns if passage.sent_ns is not None else passage.done_ns for passage in done]
    return {
        "latencies_ns": [passage.done_ns - sent for passage, sent in zip(done, sent_ns, strict=True)],
        "lasted_ns": max(passage.done_ns for passage in done) - min(sent_ns),
        "sent": count,
        "wrong": len(wrong),
        "example": next(iter(wrong), None),
    }


def _request(operation: GraphQLOperation, cases: Sequence[Case], ordinal: int, mark: str) -> Request:
    """Return a request; cases go round in the order drawn, so that two bursts ask the same mixture, and a row is deleted once."""
    return request_with(operation, cases[ordinal % len(cases)].filled(f"{mark}-{ordinal}"))


async def _asked(client: GraphQLClient, request: Request, wrong: list[str]) -> Passage:
    passage = Passage()
    answer = await client.ask(request, passage)
    if answer.outcome != "ok":
        wrong.append(f"{answer.cause}: {answer.detail}")
    return passage


if __name__ == "__main__":
    main()
