"""
The queries group: every operation at every concurrency, in a drawn order; and what the processes used for it.

A burst is carried out in parts, all parts of all bursts in one drawn order, so that what disturbs machine or service for a moment meets a part of several
bursts and not the whole of one. Its value is the median of its parts' values. A Python service stops for a quarter of a second when its interpreter collects
all garbage, once in some hundreds of requests: in a part of thirty requests that is everything, and which part it meets is chance. So one part
in three may stall and decides nothing. The percentiles of all samples together, which every metric of latency has beside its value, leave nothing out.

Processor time is counted over whole parts, warm-up included, and divided by all requests sent in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from fraiseql_chaos.baselines.naming import query_metric, short_name
from fraiseql_chaos.core import dice
from fraiseql_chaos.experiment.baseline.pace import pace_ms, pace_reading
from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS, LIMIT_ONE_QUERY, BaselinePlan
from fraiseql_chaos.experiment.baseline.readings import Reading
from fraiseql_chaos.experiment.baseline.resources import Processes, cpu_ns
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.workload import GraphQLOperation
from fraiseql_chaos.workload.bursts import Burst, BurstGenerator, BurstResult

__all__ = ["measure_bursts", "planned_bursts"]

CPU_AT: Final = 10
"""In flight where processor time is counted: enough that nobody idles, and no queue to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one part of a burst measured, and the processor time that each kind of process used meanwhile, in nanoseconds."""

    result: BurstResult
    cpu_ns: dict[str, int]


def planned_bursts(plan: BaselinePlan, operations: Sequence[GraphQLOperation], *, seed: int, mark: str, repetition: int) -> tuple[Burst, ...]:
    """
    Return the parts of all bursts of a repetition, in the order in which they are carried out.

    The order is another one in each repetition, or a metric would always be measured behind the same neighbour. The requests do not depend on it.
    """
    bursts = []
    for operation in operations:
        first = 0
        for in_flight, requests in plan.requests.items():
            for part in range(plan.passes):
                burst = Burst(
                    operation=operation,
                    in_flight=in_flight,
                    requests=max(1, requests * (part + 1) // plan.passes - requests * part // plan.passes),
                    warm_up=plan.warm_up(in_flight),
                    seed=seed,
                    first=first,
                    mark=f"{mark}-{repetition}",
                )
                bursts.append(burst)
                first += burst.warm_up + burst.requests
    return tuple(dice(seed, "baseline order", repetition).sample(bursts, len(bursts)))


async def measure_bursts(generator: BurstGenerator, bursts: Sequence[Burst], processes: Processes) -> dict[str, Reading]:
    """Carry out bursts and return what they say."""
    parts: dict[tuple[str, int], list[_Part]] = {}
    paces = []
    for burst in bursts:
        paces.append(pace_ms())
        before = _used(processes)
        result = await generator.run(burst)
        spent = {name: sum(ns - before[name].get(pid, 0) for pid, ns in used.items()) for name, used in _used(processes).items()}
        parts.setdefault((burst.operation.name, burst.in_flight), []).append(_Part(result=result, cpu_ns=spent))
    found = pace_reading(paces)
    for (name, in_flight), measured in parts.items():
        found.update(_timed(name, in_flight, [part.result for part in measured]))
        if in_flight == CPU_AT:
            found.update(_cpu(name, measured))
    return found


def _timed(operation: str, in_flight: int, results: Sequence[BurstResult]) -> Iterator[tuple[str, Reading]]:
    said = f"{short_name(operation).replace('_', ' ')}, {in_flight} in flight"

    def metric(statistic: str, of: Callable[[BurstResult], float], what: str, **more: Any) -> tuple[str, Reading]:
        value = median(of(result) for result in results)
        usual: dict[str, Any] = {"unit": "ms", "better": "lower", "limit": LIMIT_BETWEEN_RUNS, **more}
        return query_metric(operation, statistic, in_flight=in_flight), Reading(group="queries", what=f"{said}: {what}", value=value, **usual)

    yield metric(
        "latency_p50",
        lambda part: median(part.latencies_ms),
        "median latency",
        limit=LIMIT_ONE_QUERY if in_flight == 1 else LIMIT_BETWEEN_RUNS,
        samples=tuple(latency for result in results for latency in result.latencies_ms),
    )
    yield metric("latency_p95", lambda part: value_at(part.latencies_ms, 95), "95th percentile of latency")
    if in_flight > 1:  # With one in flight it is the latency once more, upside down.
        yield metric("throughput", lambda part: len(part.latencies_ms) / part.lasted_s, "answers a second", unit="1/s", better="higher")


def _used(processes: Processes) -> dict[str, dict[int, int]]:
    return {name: cpu_ns(pids) for name, pids in processes.named().items()}


def _cpu(operation: str, parts: Sequence[_Part]) -> Iterator[tuple[str, Reading]]:
    name = short_name(operation)
    for process in parts[0].cpu_ns:
        spent_ms = median(part.cpu_ns[process] / 1e6 / part.result.sent for part in parts)
        what = f"processor time of the {process} for one request: {name.replace('_', ' ')}, {CPU_AT} in flight"
        yield (
            f"resources.cpu.{process}.{name}",
            Reading(group="resources", what=what, unit="ms", better="lower", limit=LIMIT_BETWEEN_RUNS, value=spent_ms),
        )
