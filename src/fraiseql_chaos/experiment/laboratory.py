"""
One rig, one folder of results, one seed: what every front end stands on.

The rig starts when the first service is asked for, and is shared; each service gets an edge and a database of its own, and a process of
its own, so that what one experiment broke no other inherits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

from fraiseql_chaos.core import Duration, Rate
from fraiseql_chaos.errors import ChaosError, DeclarationError
from fraiseql_chaos.experiment.deployment import Deployment, Rig, RigSettings
from fraiseql_chaos.experiment.progress import Narrator
from fraiseql_chaos.experiment.recording import Recording
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.history import History
from fraiseql_chaos.plan import Declaration, Fault, Window, stretch
from fraiseql_chaos.reports import ExperimentRecord, RunFolder, Weakness
from fraiseql_chaos.verdicts import Expectation, Judgement
from fraiseql_chaos.workload import GraphQLOperation

__all__ = ["Chaos", "Laboratory", "LaboratorySettings", "Load", "Service", "Target", "Title"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratorySettings:
    """
    How a laboratory works.

    Args:
        rig: The server and the service under test.
        seed: Every random choice derives from it.
        duration: How long each fault stays armed, instead of what the declarations say.
        disarmed: Inject nothing; see ``Injector``.
    """

    rig: RigSettings
    seed: int
    duration: Duration | None = None
    disarmed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Something a fault can be aimed at, as in ``on=service.database``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """
    What a report calls an experiment.

    Attributes:
        experiment: Its id.
        title: What it promises, in one sentence.
        claims: The claims of the plan it checks.
        weakness: The known weakness it is expected to find, if any.
        replay: The command line that repeats it.
    """

    experiment: str
    title: str
    claims: tuple[str, ...]
    weakness: Weakness | None
    replay: str


class Service:
    """
    The service under test, as a test sees it.

    Attributes:
        database: The way to its database, to aim faults at.
        operations: Everything the workload knows to ask.
    """

    def __init__(self, deployment: Deployment, redeploy: Callable[[], Awaitable[Deployment]]) -> None:
        self.deployment = deployment
        self.database = Target("database")
        self._redeploy = redeploy
        self.operations: tuple[GraphQLOperation, ...] = deployment.application.workload.operations

    @property
    def url(self) -> str:
        """Where it answers now; a fresh service has another port."""
        return self.deployment.service.url

    @property
    def reads(self) -> tuple[GraphQLOperation, ...]:
        """The operations that change nothing."""
        return tuple(operation for operation in self.operations if operation.kind == "query")

    @property
    def writes(self) -> tuple[GraphQLOperation, ...]:
        """The operations that change something."""
        return tuple(operation for operation in self.operations if operation.kind == "mutation")

    async def close(self) -> None:
        """End the service's process, its edge and its database; the rig goes on."""
        await self.deployment.close()

    async def renew(self) -> None:
        """Replace everything by a fresh service of the same kind, with an edge and a database of its own."""
        await self.deployment.close()
        self.deployment = await self._redeploy()


class Chaos:
    """
    Declares faults for the load that runs inside its block.

        async with chaos(Latency(delay=ms(250)), on=service.database, between=(seconds(1), seconds(4))):
            recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(6))

    Without ``between`` a fault is armed before the first request and healed after the last.
    """

    def __init__(self) -> None:
        self.declarations: list[Declaration] = []

    @asynccontextmanager
    async def __call__(self, fault: Fault, *, on: Target, between: tuple[Duration, Duration] | None = None) -> AsyncIterator[None]:
        """
        Declare a fault.

        Args:
            fault: What goes wrong.
            on: Where.
            between: When, counted from the first planned request.

        Raises:
            DeclarationError: If the window has no length, or no load ran inside the block, so that the fault was never armed.
        """
        if not isinstance(on, Target):
            raise DeclarationError(f"on={on!r} is nothing a fault can be aimed at; write on=service.database; nothing was armed")
        window = None if between is None else Window(begin=between[0], end=between[1])
        self.declarations.append(Declaration(fault=fault, target=on.name, window=window))
        yield
        if self.declarations:
            raise DeclarationError(f"{fault.kind!r} was declared but never armed: no load ran inside its block")


class Load:
    """
    Asks the service, open loop, while the declared faults come and go.

    Args:
        laboratory: Where it runs and where results are kept.
        service: Whom it asks.
        chaos: Where the faults are declared.
        title: What the results are called.
        say: Prints one line of live progress.

    Attributes:
        title: As given.
        recordings: What the loads of this attempt brought back.
    """

    def __init__(
        self, laboratory: Laboratory, service: Service, chaos: Chaos, title: Title, *, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._laboratory = laboratory
        self._service = service
        self._chaos = chaos
        self.title = title
        self._say = say
        self.recordings: list[Recording] = []
        self._attempt = 1
        self._kept: dict[str, ExperimentRecord] = {}

    async def begin_again(self) -> None:
        """Prepare another attempt on a fresh service; what was recorded so far stays in the report as an earlier one."""
        self.recordings.clear()
        self._chaos.declarations.clear()
        self._attempt += 1
        await self._service.renew()

    async def open_loop(self, operations: GraphQLOperation | Sequence[GraphQLOperation], *, rate: Rate, lasting: Duration) -> Recording:
        """
        Send requests at planned instants, whatever the answers do, and bring back what happened.

        Args:
            operations: What to ask; several take turns.
            rate: How often.
            lasting: For how long; when ``--chaos-duration`` changes the faults' length, this changes by as much.

        Raises:
            DeclarationError: If something has no unit or no meaning; nothing was armed.
            RigError: If the rig broke where no fault asked for it.
        """
        declarations, duration = tuple(self._chaos.declarations), self._laboratory.settings.duration
        self._chaos.declarations.clear()
        if duration is not None:
            declarations, lasting = stretch(declarations, lasting=lasting, to=duration)
        asked = (operations,) if isinstance(operations, GraphQLOperation) else tuple(operations)
        experiment = Experiment(
            name=self._name(),
            operations=asked,
            rate=rate,
            lasting=lasting,
            declarations=declarations,
            seed=self._laboratory.settings.seed,
            replay=self.title.replay,
            disarmed=self._laboratory.settings.disarmed,
        )
        folder = self._laboratory.folder
        path = folder.history_path(experiment.name, attempt=self._attempt)
        try:
            history = await run_experiment(experiment, self._service.deployment, path, observe=Narrator(self._say))
        except (ChaosError, OSError, ExceptionGroup):
            await self._laboratory.drop_lost_rig()
            raise
        recording = Recording(history, self._keep)
        self.recordings.append(recording)
        return recording

    def _name(self) -> str:
        count = len(self.recordings)
        return f"{self.title.experiment}#{count + 1}" if count else self.title.experiment

    def _keep(self, history: History, expectations: tuple[Expectation, ...], judgement: Judgement) -> None:
        folder, name = self._laboratory.folder, history.begin.experiment
        path = folder.relative(folder.history_path(name, attempt=self._attempt))
        kept = self._kept.get(name)
        record = ExperimentRecord.of(
            history,
            judgement,
            path=path,
            earlier=[attempt for attempt in kept.attempts if attempt.history != path] if kept else (),
            title=self.title.title,
            expectations=expectations,
            claims=self.title.claims,
            weakness=self.title.weakness,
        )
        folder.add(record)
        self._kept[name] = record


class Laboratory:
    """
    A rig and a folder of results, from the first service asked for until it is closed.

    Args:
        settings: How it works.
        folder: Where results go.
    """

    def __init__(self, settings: LaboratorySettings, folder: RunFolder) -> None:
        self.settings = settings
        self.folder = folder
        self._rig: Rig | None = None
        self._rigs = 0

    async def deploy(self, variant: str | None = None) -> Service:
        """
        Start a service with an edge and a database of its own, and see that it answers as it should.

        Args:
            variant: Which of the reference services, ``stock`` (the default) or ``hardened``; not for a service of the user's own.

        Raises:
            CapabilityError: If this machine lacks something that the rig needs.
            ServiceError: If the service does not start or does not answer rightly in health.
            DeclarationError: If the service refuses an operation of the workload.
        """
        deploy = partial(self._deployed, variant)
        return Service(await deploy(), deploy)

    async def drop_lost_rig(self) -> None:
        """End a rig that has lost a part, so that the next service gets a new one: what broke in one test must not fail those after it."""
        if self._rig is not None and self._rig.lost() is not None:
            await self.close()

    async def _deployed(self, variant: str | None) -> Deployment:
        await self.drop_lost_rig()
        if self._rig is None:
            # Names begin again with each rig, but logs of an earlier one stay.
            self._rigs += 1
            logs = self.folder.path / "logs" / (f"rig-{self._rigs}" if self._rigs > 1 else "")
            self._rig = await Rig.start(replace(self.settings.rig, logs=logs))
        return await self._rig.deploy(variant)

    async def close(self) -> None:
        """End every process and remove every file of the rig; results stay."""
        rig, self._rig = self._rig, None
        if rig is not None:
            await rig.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
