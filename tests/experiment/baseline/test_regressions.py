"""
A service that got worse, measured and compared: what the defect touches is a regression, and nothing else is.

Twelve repetitions of the genuine service and of the one with the defect, two and two in turn, so that the machine's moods meet both alike; then what comparisons do. Measured in turn, the two share
the drift, so a tolerance of 5 % for all will do however busy the machine is. What full collections find, one behind the other and with tolerances of their own, is in ``docs/baselines.md``.

What must be found is asked at the usual level. At that level one comparison in twenty may accuse somebody falsely, so that nobody else got worse is asked at one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cpu_quota import cpu_quota, throttled
from fraiseql_chaos import reference
from fraiseql_chaos.baselines import Metric
from fraiseql_chaos.experiment import Application, Rig, RigSettings
from fraiseql_chaos.experiment.baseline import BaselinePlan, collect
from fraiseql_chaos.stats import Change, Pair, compare_many

pytestmark = pytest.mark.anyio

SABOTAGE = Path(__file__).parents[2] / "sabotage"

TURNS = 6

RARELY_WRONG = 0.9998
"""A false accusation once in five thousand comparisons; what lies wholly apart is found all the same, for of twelve and twelve that happens by itself once in 2.7 million."""


def application(app: str, **env: str) -> Application:
    """Return a reference service, perhaps with a defect, asked what reads and nothing else."""
    stock = Application.reference("stock")
    reads = (reference.READ_POST, reference.READ_USERS, reference.COUNT_USERS)
    return replace(
        stock,
        app=app,
        app_dir=SABOTAGE,
        env={"PYTHONPATH": str(reference.SERVICE_DIRECTORY), **env},
        workload=replace(stock.workload, operations=reads, weights=(1, 1, 1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """The metrics that got worse: those found at the usual level, and those of which it is next to certain."""

    found: set[str]
    certain: set[str]


async def compared(plan: BaselinePlan, *applications: Application) -> Worse:
    """Measure two services in turn, and compare the second with the first."""
    settings = [RigSettings(seed=1, application=each) for each in applications]
    rigs = [await Rig.start(each) for each in settings]
    taken: list[dict[str, list[Metric]]] = [{}, {}]
    try:
        for turn in range(TURNS):
            for rig, chosen, kept in zip(rigs, settings, taken, strict=True):
                for metric in (await collect(rig.deploy, chosen, plan, seed=turn, say=lambda _line: None)).metrics:
                    kept.setdefault(metric.name, []).append(metric)
    finally:
        for rig in rigs:
            await rig.close()
    old, new = taken
    pairs = {name: Pair(old=_together(parts), new=_together(new[name]), better=parts[0].better) for name, parts in old.items()}
    return Worse(found=worse(compare_many(pairs, tolerance=5.0)), certain=worse(compare_many(pairs, tolerance=5.0, level=RARELY_WRONG)))


def _together(parts: list[Metric]) -> list[float]:
    """Return the repetitions of several short collections."""
    return [value for part in parts for value in part.repetitions]


def worse(changes: dict[str, Change]) -> set[str]:
    return {name for name, change in changes.items() if change.outcome == "worse"}


async def test_a_resolver_that_waits_5_ms_is_a_regression_of_its_query_and_of_nothing_else() -> None:
    """At one in flight the wait adds to the latency, median and tail. Nothing else of the service asks for posts."""
    changes = await compared(
        BaselinePlan(repetitions=2, requests={1: 60}, samples=0, passes=3), application("stock:app"), application("slow_post:app")
    )
    assert "query.by_id.c1.latency_p50" in changes.found
    assert changes.certain <= {"query.by_id.c1.latency_p50", "query.by_id.c1.latency_p95"}


async def test_half_a_processor_is_a_regression_of_what_the_service_computes_and_of_nothing_that_runs_beside_it() -> None:
    """
    The service's process is under a quota of 50 %, by the kernel; FraiseQL's parts that are measured in a process beside it, and its memory, are not touched.

    With ten in flight the service is busy all the time, so it answers half as often. What it costs PostgreSQL, or a query that mostly waits, may or may not be found.
    """
    with cpu_quota(0.5) as group:
        changes = await compared(
            BaselinePlan(repetitions=2, requests={10: 120}, samples=2, passes=3),
            application("stock:app"),
            application("half:app", CPU_QUOTA_GROUP=str(group)),
        )
        assert throttled(group) > 100, "the service did not feel the quota"
    assert {f"query.{name}.c10.throughput" for name in ("by_id", "simple", "count")} <= changes.found
    touched = tuple(f"query.{name}.c10." for name in ("by_id", "simple", "count"))
    assert {name for name in changes.certain if not name.startswith((*touched, "resources.cpu.", "pool.busy."))} == set()
