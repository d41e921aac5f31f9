"""
The queries group: every operation at every concurrency, in a drawn order; and what the processes used for it.

Processor time is counted over whole bursts, warm-up included, and divided by all requests sent in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from fraiseql_chaos.core import dice
from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS, LIMIT_ONE_QUERY, BaselinePlan, metric_name
from fraiseql_chaos.experiment.baseline.readings import Reading
from fraiseql_chaos.experiment.baseline.resources import Processes, cpu_ns
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.workload import GraphQLOperation
from fraiseql_chaos.workload.bursts import Burst, BurstGenerator, BurstResult

__all__ = ["measure_bursts", "planned_bursts"]

CPU_AT: int = 10
"""In flight where processor time is counted: enough that nobody idles, and no queue to speak of."""


def planned_bursts(plan: BaselinePlan, operations: tuple[GraphQLOperation, ...], *, seed: int, mark: str, repetition: int) -> tuple[Burst, ...]:
    """
    Return the bursts of a repetition in the order in which they are carried out.

    The order is another one in each repetition, or a metric would always be measured behind the same neighbour. The requests do not depend on it.
    """
    bursts = []
    for operation in operations:
        first = 0
        for in_flight, requests in plan.requests.items():
            warm_up = plan.warm_up(in_flight)
            bursts.append(
                Burst(
                    operation=operation, in_flight=in_flight, requests=requests, warm_up=warm_up, seed=seed, first=first, mark=f"{mark}-{repetition}"
                )
            )
            first += warm_up + requests
    return tuple(dice(seed, "baseline order", repetition).sample(bursts, len(bursts)))


async def measure_bursts(generator: BurstGenerator, bursts: tuple[Burst, ...], processes: Processes) -> dict[str, Reading]:
    """Carry out bursts and return what they say."""
    found: dict[str, Reading] = {}
    for burst in bursts:
        before = _used(processes)
        result = await generator.run(burst)
        found.update(_latencies(burst, result))
        if burst.in_flight == CPU_AT:
            found.update(_cpu(burst, result, before, _used(processes)))
    return found


def _latencies(burst: Burst, result: BurstResult) -> Iterator[tuple[str, Reading]]:
    name, at = metric_name(burst.operation), f"with {burst.in_flight} in flight"
    where, said = f"query.{name}.c{burst.in_flight}", f"{name.replace('_', ' ')}, {at}"
    taken = result.latencies_ms

    def latency(what: str, value: float, limit: float, samples: tuple[float, ...] = ()) -> Reading:
        return Reading(group="queries", what=f"{said}: {what}", unit="ms", better="lower", limit=limit, value=value, samples=samples)

    yield f"{where}.latency_p50", latency("median latency", median(taken), LIMIT_ONE_QUERY if burst.in_flight == 1 else LIMIT_BETWEEN_RUNS, taken)
    yield f"{where}.latency_p95", latency("95th percentile of latency", value_at(taken, 95), LIMIT_BETWEEN_RUNS)
    if burst.in_flight > 1:  # With one in flight it is the latency once more, upside down.
        yield (
            f"{where}.throughput",
            Reading(
                group="queries",
                what=f"{said}: answers a second",
                unit="1/s",
                better="higher",
                limit=LIMIT_BETWEEN_RUNS,
                value=result.throughput_per_s,
            ),
        )


def _used(processes: Processes) -> dict[str, dict[int, int]]:
    return {name: cpu_ns(pids) for name, pids in processes.named().items()}


def _cpu(
    burst: Burst, result: BurstResult, before: Mapping[str, dict[int, int]], after: Mapping[str, dict[int, int]]
) -> Iterator[tuple[str, Reading]]:
    name = metric_name(burst.operation)
    for process, used in after.items():
        spent_ns = sum(ns - before[process].get(pid, 0) for pid, ns in used.items())
        yield (
            f"resources.cpu.{process}.{name}",
            Reading(
                group="resources",
                what=f"processor time of the {process} for one request: {name.replace('_', ' ')}, {CPU_AT} in flight",
                unit="ms",
                better="lower",
                limit=LIMIT_BETWEEN_RUNS,
                value=spent_ns / 1e6 / result.sent,
            ),
        )
