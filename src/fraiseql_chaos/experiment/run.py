"""
One experiment: a load, faults on a schedule, witnesses, a history.

    start generator, verify --- origin ------------------------------------- load ends --- drained
        probes look   ........................................................................
        steps                     arm 0-latency ........... heal 0-latency
                                                                                 inventory, evidence, end

The runner does as little as it can meanwhile: the load, the proxy and the service are processes of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import NS_PER_S, Duration, Rate, fresh_seed, ms, now_ns, seconds
from fraiseql_chaos.errors import ChaosError, DeclarationError, RigError
from fraiseql_chaos.experiment.captures import capturing
from fraiseql_chaos.experiment.deployment import Deployment, Ledgers
from fraiseql_chaos.experiment.evidence import testimony
from fraiseql_chaos.experiment.injection import Injector, check_together, guard_of
from fraiseql_chaos.experiment.inventory import check_found_by, take_inventory
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.experiment.own_word import hits_of, own_word
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.experiment.witnesses import Witnesses, witnessing
from fraiseql_chaos.history import Begin, Event, History, ProcessExited
from fraiseql_chaos.plan import Declaration, Plan, make_plan
from fraiseql_chaos.rig.postgres.server_log import wall_offset_ns
from fraiseql_chaos.workload import GraphQLOperation, LoadGenerator, LoadSpec

__all__ = ["Experiment", "run_experiment"]

LEAD: Final = ms(500)
"""How long before the first request the probes begin: the least that shows what health looks like, about ten round trips."""

ARM_EARLY: Final = ms(150)
"""How long before the first request a fault without a window is armed; the witnesses have seen health by then."""

DRAIN: Final = seconds(5)
"""How long answers are waited for after the last request; what is still open then counts with its age."""

EXIT_CHECK_S: Final = 0.1
"""How often the processes are looked after. A crash also shows in the load at once; this gives it its name, and tells ours from the service's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """
    What to do, as a value.

    Args:
        name: Its id: a test's node id, or a name given on the command line.
        operations: What to ask of the service, taking turns.
        rate: How often, open loop.
        lasting: For how long.
        declarations: The faults, their targets and windows.
        seed: Every random choice derives from it.
        replay: The command line that repeats the run.
        disarmed: Touch nothing; see ``Injector``.
        attempt: Which attempt this is, from 1: the faults' dice fall differently in each.

    Raises:
        DeclarationError: If there is nothing to ask, or a fault would outlast the load.
    """

    name: str
    operations: tuple[GraphQLOperation, ...]
    rate: Rate
    lasting: Duration
    declarations: tuple[Declaration, ...]
    seed: int
    replay: str
    disarmed: bool = False
    attempt: int = 1

    def __post_init__(self) -> None:
        for label, value, kind, example in (("rate", self.rate, Rate, "per_second(50)"), ("lasting", self.lasting, Duration, "seconds(6)")):
            if not isinstance(value, kind):
                raise DeclarationError(f"{label}={value!r} has no unit; write {label}={example}; nothing was armed")
        if not self.operations:
            raise DeclarationError("a load needs at least one operation to ask; nothing was armed")
        for declaration in self.declarations:
            window = declaration.window
            if window is not None and window.end > self.lasting:
                raise DeclarationError(
                    f"{declaration.fault.kind!r} would heal at {window.end}, but the load ends at {self.lasting} and recovery could not be seen; "
                    "let the load last longer; nothing was armed"
                )


async def run_experiment(
    experiment: Experiment, deployment: Deployment, path: Path, *, observe: Callable[[Event], None] = lambda _event: None, pcaps: Path | None = None
) -> History:
    """
    Run one experiment and return its history, which is also stored.

    Args:
        experiment: What to do.
        deployment: The service and server to do it to.
        path: Where the history is written; the file must not exist.
        observe: Is told of every event as it is written, for live progress; must be quick.
        pcaps: What the captures of the link are called if they are kept; see ``capturing``.

    Raises:
        DeclarationError: If the faults exclude each other, or the database cannot be asked as an operation says; nothing was armed.
        CapabilityError: If the server or the link cannot do what a fault needs, for example because it is not ours to stop; nothing was touched.
        RigError: If the rig broke: the generator, the proxy or the server was lost where no fault asked for it.
        ExceptionGroup: Of what went wrong in several places, healing among them.
    """
    plan = make_plan(experiment.declarations, seed=experiment.seed, attempt=experiment.attempt)
    guards = {planned.fault_id: guard_of(planned, deployment) for planned in plan.faults}
    check_together(plan, deployment)
    spec = _load_spec(experiment, deployment)
    await check_found_by(spec.operations, deployment, mark=spec.mark)
    generator = await LoadGenerator.start(deployment.keeper, directory=deployment.directory, spec=spec)
    try:
        async with capturing(plan, deployment, keep=pcaps) as read_capture, witnessing(plan, deployment) as witnesses:
            recorder = Recorder(path, origin_ns=now_ns() + LEAD.ns, observe=observe)
            try:
                _write_head(recorder, experiment, deployment, plan, generator)
                log_position, ledgers = deployment.log_position(), deployment.ledgers()
                injector = Injector(guards, recorder, disarmed=experiment.disarmed)
                await _drive(plan, Watch(deployment, recorder, injector, witnesses), recorder, injector, generator)
                await read_capture(recorder)
                await take_inventory(spec.operations, deployment, recorder, mark=spec.mark)
                for sample in (*deployment.log_since(log_position), *deployment.crowd.asked(since_ns=recorder.origin_ns - LEAD.ns)):
                    recorder.sample(sample)
                _write_evidence(recorder, plan, ledgers, deployment.ledgers())
                return recorder.finish()
            except BaseException:
                recorder.abandon()
                raise
    finally:
        generator.close()


def _load_spec(experiment: Experiment, deployment: Deployment) -> LoadSpec:
    workload = deployment.application.workload
    weights = {operation.name: weight for operation, weight in zip(workload.operations, workload.weights, strict=True)}
    return LoadSpec(
        target=deployment.target,
        operations=experiment.operations,
        weights=tuple(weights.get(operation.name, 1) for operation in experiment.operations),
        rate=experiment.rate,
        lasting=experiment.lasting,
        seed=experiment.seed,
        # Drawn anew and not from the seed: a replay, or a second attempt, may meet the rows of the first.
        mark=f"{fresh_seed():08x}",
        drain=DRAIN,
    )


def _write_head(recorder: Recorder, experiment: Experiment, deployment: Deployment, plan: Plan, generator: LoadGenerator) -> None:
    recorder.append(
        Begin(
            experiment=experiment.name,
            seed=experiment.seed,
            replay=experiment.replay,
            origin_monotonic_ns=recorder.origin_ns,
            origin_wall=datetime.fromtimestamp((recorder.origin_ns + wall_offset_ns()) / NS_PER_S, tz=UTC).isoformat(timespec="milliseconds"),
            target=deployment.describe(),
            machine=machine(),
            disarmed=experiment.disarmed,
        )
    )
    recorder.append(generator.spec.planned())
    for planned in plan.faults:
        recorder.append(planned.event())


class Watch:
    """
    Looks whether the processes live, because only the service's death says something about the service.

    A crash of the service is written down: the load shows it anyway, this gives it its name. If a part of the rig ends that no fault has taken
    away, nothing that follows can be concluded from.

    Args:
        deployment: Whose processes.
        recorder: Where the service's end is written down.
        injector: Knows which faults act.
        witnesses: Who must not fall silent.
    """

    def __init__(self, deployment: Deployment, recorder: Recorder, injector: Injector, witnesses: Witnesses) -> None:
        self.witnesses = witnesses
        self._deployment = deployment
        self._recorder = recorder
        self._injector = injector
        self._service_ended = False

    def look(self) -> None:
        """
        Look once.

        Raises:
            RigError: If a part of the rig has ended; the message names it.
        """
        lost = self._deployment.rig.lost(server_taken=self._injector.server_taken, others=self.witnesses.parts())
        if lost is not None:
            raise RigError(f"{lost}; the experiment was broken off, and nothing is concluded from it")
        end = None if self._service_ended else self._deployment.service.exited()
        if end is not None:
            self._service_ended = True
            self._recorder.append(ProcessExited(at_ns=self._recorder.now_ns(), process="service", status=end))

    async def keep_looking(self) -> None:
        """Look until cancelled; see ``look``."""
        while True:
            self.look()
            await asyncio.sleep(EXIT_CHECK_S)


async def _drive(plan: Plan, watch: Watch, recorder: Recorder, injector: Injector, generator: LoadGenerator) -> None:
    """
    Run the experiment; if a part of the rig was lost, say that, and not what else went wrong because of it.

    Raises:
        RigError: If a part of the rig was lost.
    """
    try:
        await _side_by_side(plan, watch, recorder, injector, generator)
    except (ChaosError, OSError, ExceptionGroup):
        watch.look()
        raise


async def _side_by_side(plan: Plan, watch: Watch, recorder: Recorder, injector: Injector, generator: LoadGenerator) -> None:
    """Let load, steps and witnesses run side by side, and heal whatever is armed when they end, or when one of them fails."""
    try:
        async with watch.witnesses.looking(recorder.sample):
            await generator.begin(recorder.origin_ns)
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch.keep_looking(), name="watch the processes")
                steps = group.create_task(_follow(plan, recorder, injector), name="follow the plan")
                async for event in generator.events():
                    recorder.append(event)
                await steps
                watching.cancel()
            await injector.heal_all()
            watch.look()
    finally:
        await injector.heal_all()


async def _follow(plan: Plan, recorder: Recorder, injector: Injector) -> None:
    """Do each step at its instant; faults without a window are armed just before the first request and healed by the caller."""
    await _until(recorder, -ARM_EARLY.ns)
    for planned in plan.faults:
        if planned.declaration.window is None:
            await injector.arm(planned)
    for step in plan.steps:
        await _until(recorder, step.at_ns)
        await (injector.arm(step.planned) if step.action == "arm" else injector.heal(step.planned.fault_id))


async def _until(recorder: Recorder, at_ns: int) -> None:
    await asyncio.sleep(max(0, at_ns - recorder.now_ns()) / NS_PER_S)


def _write_evidence(recorder: Recorder, plan: Plan, before: Ledgers, after: Ledgers) -> None:
    """Ask every fault that was armed and healed what the witnesses saw of it, and add the injector's own word, marked as such."""
    for planned in plan.faults:
        lived = recorder.armed.get(planned.fault_id), recorder.healed.get(planned.fault_id)
        if lived[0] is None or lived[1] is None:
            continue
        for evidence in testimony(planned, lived[0], lived[1], recorder.samples):
            recorder.append(evidence)
        if (word := own_word(planned, before, after)) is not None:
            recorder.append(word)
    for hit in hits_of(after, origin_ns=recorder.origin_ns, since_ns=recorder.origin_ns - LEAD.ns):
        recorder.append(hit)
