"""The order of bursts is drawn, their requests are not; and what a burst says follows from what came back."""

from __future__ import annotations

from itertools import pairwise

from fraiseql_chaos import reference
from fraiseql_chaos.experiment.baseline.bursts import _cpu, _Part, _timed, planned_bursts
from fraiseql_chaos.experiment.baseline.plan import BaselinePlan
from fraiseql_chaos.workload.bursts import Burst, BurstResult

PLAN = BaselinePlan(requests={1: 5, 10: 20}, passes=2)


def planned(*, seed: int = 1, repetition: int = 1) -> tuple[Burst, ...]:
    return planned_bursts(PLAN, reference.OPERATIONS, seed=seed, mark="m", repetition=repetition)


def test_the_order_depends_on_seed_and_repetition_and_on_nothing_else() -> None:
    def order(bursts: tuple[Burst, ...]) -> list[tuple[str, int]]:
        return [(burst.operation.name, burst.first) for burst in bursts]

    assert planned() == planned()
    assert order(planned()) != order(planned(repetition=2))
    assert order(planned()) != order(planned(seed=2))
    assert sorted(order(planned())) == sorted(order(planned(repetition=2)))


def test_parts_of_a_burst_add_up_and_share_no_request() -> None:
    """Of one operation the parts lie end to end, and those at one concurrency are as many requests as were asked for."""
    of_one = sorted((burst for burst in planned() if burst.operation is reference.DELETE_USER), key=lambda burst: burst.first)
    assert [burst.requests for burst in of_one] == [2, 3, 10, 10]
    assert all(before.first + before.warm_up + before.requests == after.first for before, after in pairwise(of_one))


def test_the_whole_plan_deletes_nobody_twice() -> None:
    """A row that has gone is deleted faster than one that is there; so there are guests enough for a repetition."""
    bursts = planned_bursts(BaselinePlan(), [reference.DELETE_USER], seed=1, mark="m", repetition=1)
    assert sum(burst.warm_up + burst.requests for burst in bursts) <= len(reference.DELETE_USER.cases)


def result(*latencies_ms: float, lasted_s: float) -> BurstResult:
    return BurstResult(latencies_ms=latencies_ms, lasted_s=lasted_s, sent=len(latencies_ms) + 2)


def test_a_value_is_the_median_of_its_parts_and_samples_are_all_of_them() -> None:
    parts = [result(1, 2, 3, lasted_s=0.5), result(4, 4, 5, lasted_s=0.25), result(3, 3, 900, lasted_s=1)]
    found = dict(_timed("read_post", 10, parts))
    assert found["query.by_id.c10.latency_p50"].value == 3
    assert found["query.by_id.c10.latency_p95"].value == 5
    assert found["query.by_id.c10.throughput"].value == 6
    assert found["query.by_id.c10.latency_p50"].samples == (1, 2, 3, 4, 4, 5, 3, 3, 900)
    assert "query.by_id.c1.throughput" not in dict(_timed("read_post", 1, [result(1, lasted_s=1)]))


def test_one_part_in_four_may_stall_and_decides_nothing_and_two_do() -> None:
    """A pause of 250 ms meets ten requests in flight at once: without the median of parts it would be the 95th percentile of all."""
    calm, stalled = result(*[20.0] * 30, lasted_s=0.06), result(*[20.0] * 20, *[270.0] * 10, lasted_s=0.31)

    def p95(*parts: BurstResult) -> float:
        return dict(_timed("read_post", 10, parts))["query.by_id.c10.latency_p95"].value

    assert p95(calm, stalled, calm, calm) == 20
    assert p95(calm, stalled, stalled, calm) > 100


def test_processor_time_is_divided_by_all_requests_that_were_sent() -> None:
    parts = [
        _Part(result=result(1, 1, lasted_s=1), cpu_ns={"service": 6_000_000}),
        _Part(result=result(1, 1, lasted_s=1), cpu_ns={"service": 10_000_000}),
        _Part(result=result(1, 1, lasted_s=1), cpu_ns={"service": 90_000_000}),
    ]
    assert dict(_cpu("read_post", parts))["resources.cpu.service.by_id"].value == 2.5
