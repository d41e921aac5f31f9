"""
Carry out a collection: repetition by repetition, each on a deployment of its own.

Composition only: what is measured, and how, stands in the modules beside this one.

A repetition while which others kept a good part of a core busy is measured again, a bounded number of times: it says more of them than of the service. Whether
it is, the kernel's account of processor time decides, and no value that was measured.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.core import NS_PER_S, now_ns
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.experiment.baseline.bursts import measure_bursts, planned_bursts
from fraiseql_chaos.experiment.baseline.connections import measure_connections
from fraiseql_chaos.experiment.baseline.inside import measure_inside
from fraiseql_chaos.experiment.baseline.issuer import Issuer, issuer
from fraiseql_chaos.experiment.baseline.memory import measure_memory
from fraiseql_chaos.experiment.baseline.neighbours import Neighbours
from fraiseql_chaos.experiment.baseline.plan import BaselinePlan, configuration
from fraiseql_chaos.experiment.baseline.readings import Reading, metrics_of
from fraiseql_chaos.experiment.baseline.resources import Processes
from fraiseql_chaos.experiment.baseline.self_check import self_check
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.machine import load_now, machine
from fraiseql_chaos.experiment.rig import RigSettings
from fraiseql_chaos.workload.bursts import BurstGenerator

__all__ = ["collect"]

type Deploy = Callable[[], Awaitable[Deployment]]

OTHERS_MAX: Final = 0.3
"""Cores that others may keep busy during a repetition: a quiet desktop uses a tenth of it, a compiler all of a core."""


async def collect(deploy: Deploy, settings: RigSettings, plan: BaselinePlan, *, seed: int, say: Callable[[str], None]) -> Baseline:
    """
    Measure a service in health.

    Args:
        deploy: Starts a service on a database and an edge of its own; it is closed here.
        settings: What the rig behind it was made of.
        plan: How much to measure.
        seed: Decides orders and cases.
        say: Prints one line of progress.

    Raises:
        ServiceError: If it does not start or does not answer rightly.
        RigError: If a part of the rig breaks, or the target's interpreter cannot be measured.
    """
    created, before = datetime.now(UTC).isoformat(timespec="seconds"), load_now()
    others = Neighbours.look()
    repetitions: list[dict[str, Reading]] = []
    targets, again = [], 0
    while len(repetitions) < plan.repetitions:
        began_ns, meanwhile = now_ns(), Neighbours.look()
        deployment = await deploy()
        number = len(repetitions) + 1
        try:
            # The issuer's files lie in the deployment's directory, which the keeper removes also when we are killed.
            async with issuer(deployment.directory) as provider:
                measured = await _repetition(deployment, settings, plan, provider, seed=seed, repetition=number)
            asked, target = deployment.application.workload.operations, deployment.describe()
        finally:
            await deployment.close()
        targets.append(target)
        took_s, busy = (now_ns() - began_ns) / NS_PER_S, meanwhile.cores_since()
        if busy > OTHERS_MAX and again < plan.again_at_most:
            again += 1
            say(f"repetition {number} of {plan.repetitions}: others kept {busy} cores busy, so it is measured again")
            continue
        repetitions.append(measured)
        say(f"repetition {number} of {plan.repetitions}: {len(measured)} metrics in {took_s:.1f} s")
    if any(target != targets[0] for target in targets):
        raise RigError("the target changed while it was measured; nothing was written")
    metrics = metrics_of(repetitions)
    return Baseline(
        created=created,
        seed=seed,
        machine=machine(),
        target=targets[0],
        configuration=configuration(plan, asked, edge_tls=settings.edge_tls, own_server=settings.dsn is None),
        load_before=before,
        load_after={**load_now(), "cores_used_by_others": others.cores_since(), "repetitions_measured_again": again},
        metrics=metrics,
        a_a=self_check(metrics),
    )


async def _repetition(
    deployment: Deployment, settings: RigSettings, plan: BaselinePlan, provider: Issuer, *, seed: int, repetition: int
) -> dict[str, Reading]:
    """Measure everything once."""
    operations = deployment.application.workload.operations
    bursts = planned_bursts(plan, operations, seed=seed, mark=deployment.directory.name.replace("_", "-"), repetition=repetition)
    processes = Processes.of(deployment)
    async with await BurstGenerator.start(
        deployment.keeper, directory=deployment.directory, target=deployment.target, connections=max(plan.requests)
    ) as generator:
        timed = await measure_bursts(generator, bursts, processes)
        read = next((burst for burst in bursts if burst.operation.kind == "query"), None)
        levels = tuple(sorted(in_flight for in_flight in plan.requests if in_flight > 1))
        counted = await measure_connections(deployment, generator, read, levels) if read and levels else {}
    # Memory is read when everything has been asked, and before anybody else uses the server.
    used = measure_memory(processes)
    if plan.samples == 0:
        return {**timed, **counted, **used}
    inside = await measure_inside(settings.python, deployment.database_url, provider, samples=plan.samples, env=deployment.application.env)
    return {**timed, **counted, **used, **inside}
