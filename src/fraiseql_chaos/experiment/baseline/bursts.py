"""
The queries group: every operation at every concurrency, in a drawn order; and what the processes used for it.

A burst is carried out in parts, all parts of all bursts in one drawn order, so that what disturbs the machine for a second meets a part of several
bursts and not the whole of one. Its numbers come from the parts together.

Processor time is counted over whole bursts, warm-up included, and divided by all requests sent in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from fraiseql_chaos.core import dice
from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS, LIMIT_ONE_QUERY, BaselinePlan, metric_name
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
    for burst in bursts:
        before = _used(processes)
        result = await generator.run(burst)
        spent = {name: sum(ns - before[name].get(pid, 0) for pid, ns in used.items()) for name, used in _used(processes).items()}
        parts.setdefault((metric_name(burst.operation), burst.in_flight), []).append(_Part(result=result, cpu_ns=spent))
    found: dict[str, Reading] = {}
    for (name, in_flight), measured in parts.items():
        found.update(_timed(name, in_flight, [part.result for part in measured]))
        if in_flight == CPU_AT:
            found.update(_cpu(name, measured))
    return found


def _timed(name: str, in_flight: int, results: Sequence[BurstResult]) -> Iterator[tuple[str, Reading]]:
    where, said = f"query.{name}.c{in_flight}", f"{name.replace('_', ' ')}, {in_flight} in flight"
    taken = tuple(latency for result in results for latency in result.latencies_ms)

    def latency(what: str, value: float, limit: float, samples: tuple[float, ...] = ()) -> Reading:
        return Reading(group="queries", what=f"{said}: {what}", unit="ms", better="lower", limit=limit, value=value, samples=samples)

    yield f"{where}.latency_p50", latency("median latency", median(taken), LIMIT_ONE_QUERY if in_flight == 1 else LIMIT_BETWEEN_RUNS, taken)
    yield f"{where}.latency_p95", latency("95th percentile of latency", value_at(taken, 95), LIMIT_BETWEEN_RUNS)
    if in_flight > 1:  # With one in flight it is the latency once more, upside down.
        rate = len(taken) / sum(result.lasted_s for result in results)
        answers = f"{said}: answers a second"
        yield f"{where}.throughput", Reading(group="queries", what=answers, unit="1/s", better="higher", limit=LIMIT_BETWEEN_RUNS, value=rate)


def _used(processes: Processes) -> dict[str, dict[int, int]]:
    return {name: cpu_ns(pids) for name, pids in processes.named().items()}


def _cpu(name: str, parts: Sequence[_Part]) -> Iterator[tuple[str, Reading]]:
    sent = sum(part.result.sent for part in parts)
    for process in parts[0].cpu_ns:
        spent_ms = sum(part.cpu_ns[process] for part in parts) / 1e6
        what = f"processor time of the {process} for one request: {name.replace('_', ' ')}, {CPU_AT} in flight"
        yield (
            f"resources.cpu.{process}.{name}",
            Reading(group="resources", what=what, unit="ms", better="lower", limit=LIMIT_BETWEEN_RUNS, value=spent_ms / sent),
        )
