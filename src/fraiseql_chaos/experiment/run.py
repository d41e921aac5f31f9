"""
One experiment: a load, faults on a schedule, witnesses, a history.

    start generator, verify --- origin ------------------------------------- load ends --- drained
        probes look   ........................................................................
        steps                     arm 0-latency ........... heal 0-latency
                                                                                 evidence, end

The runner does as little as it can meanwhile: the load, the proxy and the service are processes of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import NS_PER_S, Duration, Rate, ms, now_ns
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.evidence import testimony
from fraiseql_chaos.experiment.injection import Injector, guard_of
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import Begin, Evidence, FaultArmed, FaultHealed, History, LoadPlanned, Operation, ProcessExited, Sample
from fraiseql_chaos.plan import Declaration, Plan, make_plan
from fraiseql_chaos.probes import EdgeConnect, EdgeRoundTrip, Probe, ServerSessions, ServicePath, ServiceReady, sampling
from fraiseql_chaos.rig.rig import Deployment
from fraiseql_chaos.workload import GraphQLOperation, LoadGenerator, LoadSpec

__all__ = ["Experiment", "run_experiment"]

LEAD: Final = ms(500)
"""How long before the first request the probes begin: the least that shows what health looks like, about ten round trips."""

EXIT_CHECK_S: Final = 0.1
"""How often the service is looked after. A crash also shows in the load at once; this only gives it its name."""


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


async def run_experiment(experiment: Experiment, deployment: Deployment, path: Path) -> History:
    """
    Run one experiment and return its history, which is also stored.

    Args:
        experiment: What to do.
        deployment: The service and server to do it to.
        path: Where the history is written; the file must not exist.

    Raises:
        DeclarationError: If the faults exclude each other; nothing was touched.
        RigError: If the rig broke: the generator, the proxy or the server was lost where no fault asked for it.
        ExceptionGroup: Of what went wrong in several places, healing among them.
    """
    plan = make_plan(experiment.declarations, seed=experiment.seed)
    generator = await LoadGenerator.start(deployment.keeper, directory=deployment.scratch(), spec=_load_spec(experiment, deployment))
    log_position = deployment.server_log_position()
    recorder = Recorder(path, origin_ns=now_ns() + LEAD.ns)
    try:
        _write_head(recorder, experiment, deployment, plan)
        injector = Injector(lambda planned: guard_of(planned, deployment), recorder, disarmed=experiment.disarmed)
        armed_ns = _ledger_before(deployment)
        await _drive(plan, experiment, deployment, recorder, injector, generator)
        for record in deployment.server_log_since(log_position):
            recorder.sample(record)
        _write_evidence(recorder, plan, deployment, armed_ns)
        return recorder.finish()
    except BaseException:
        recorder.abandon()
        raise
    finally:
        await generator.close()
