"""A collection of the real service on a real rig: short, but with everything in it."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.baselines import Baseline, read_baseline, write_baseline
from fraiseql_chaos.errors import ServiceError
from fraiseql_chaos.experiment import Rig, RigSettings
from fraiseql_chaos.experiment.baseline import BaselinePlan, collect
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.workload.model import Case

pytestmark = pytest.mark.anyio


async def test_a_collection_holds_every_group_of_the_plan_and_comes_back_from_its_file(collected: Baseline, tmp_path: Path) -> None:
    """More than fifty metrics, none of them of one value, and a file that is read strictly."""
    write_baseline(tmp_path / "baseline_metrics.json", collected)
    read = read_baseline(tmp_path / "baseline_metrics.json")
    assert read == collected
    groups = Counter(metric.group for metric in read.metrics)
    assert groups == {"queries": 64, "pool": 10, "authentication": 4, "pipeline": 8, "resources": 21}
    assert {len(metric.repetitions) for metric in read.metrics} == {2}
    assert all(metric.mean > 0 for metric in read.metrics if not metric.name.startswith("pool.busy"))
    assert read.machine["id"] == machine()["id"]
    assert read.target["python"] == ".".join(map(str, sys.version_info[:3]))
    assert 0 <= float(str(read.load_after["cores_used_by_others"])) <= int(str(read.machine["cores"])) + 0.5
    assert read.a_a is None, "two repetitions cannot be compared with themselves"


async def test_numbers_have_the_order_that_physics_gives_them(collected: Baseline) -> None:
    """What cannot be otherwise on any machine: fifty in flight wait longer than one, a megabyte takes longer than a kilobyte, a key that is fetched than one at hand."""

    def mean(name: str) -> float:
        found = collected.metric(name)
        assert found is not None, name
        return found.mean

    assert mean("query.by_id.c50.latency_p50") > 2 * mean("query.by_id.c1.latency_p50")
    assert mean("pipeline.transform.1mb.p50") > 50 * mean("pipeline.transform.1kb.p50")
    assert mean("authentication.validate.uncached.p50") > 2 * mean("authentication.validate.cached.p50")
    assert mean("authentication.jwks.fetch.p50") > 100 * mean("authentication.jwks.cached.p50")
    assert mean("pool.checkout.c50.p50") > mean("pool.checkout.c1.p50")
    assert mean("resources.memory.service.rss") >= mean("resources.memory.service.pss") > 20
    assert 0.1 < mean("resources.cpu.service.by_id") < mean("query.by_id.c50.latency_p50")


async def test_progress_is_told_while_it_happens(collected: Baseline, progress: list[str]) -> None:
    assert [line.partition(":")[0] for line in progress] == ["repetition 1 of 2", "repetition 2 of 2"]
    assert f"{len(collected.metrics)} metrics" in progress[0]


async def test_a_service_that_answers_wrongly_has_no_baseline(baseline_rig: Rig) -> None:
    """The first wrong answer ends the collection: fast garbage is no yardstick."""
    lie = replace(reference.COUNT_USERS, cases=(reference.COUNT_USERS.cases[0], Case(variables={"role": "author"}, data={"userCount": 7})))

    async def deploy() -> object:
        deployment = await baseline_rig.deploy()
        workload = replace(deployment.application.workload, operations=(lie,), weights=(1,))
        return replace(deployment, application=replace(deployment.application, workload=workload))

    plan = BaselinePlan(repetitions=2, requests={1: 4}, samples=0)
    with pytest.raises(
        ServiceError, match=r"count_users at 1 in flight: \d+ of \d+ requests were not answered rightly.*wrong_answer.*none was written"
    ):
        await collect(deploy, RigSettings(seed=1), plan, seed=1, say=lambda _line: None)  # type: ignore[arg-type]  # a deployment, changed
