"""One load after another on one service, each an experiment of its own; and the record of every attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fraiseql_chaos.core import Duration, JsonObject, Rate
from fraiseql_chaos.errors import ChaosError
from fraiseql_chaos.experiment.chaos import Chaos
from fraiseql_chaos.experiment.laboratory import Laboratory
from fraiseql_chaos.experiment.progress import Narrator
from fraiseql_chaos.experiment.recording import METRIC, Recording
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.experiment.service import Service
from fraiseql_chaos.history import History
from fraiseql_chaos.measures import Measure
from fraiseql_chaos.plan import stretch
from fraiseql_chaos.reports import ExperimentRecord, Weakness
from fraiseql_chaos.verdicts import Expectation, Judgement
from fraiseql_chaos.workload import GraphQLOperation

__all__ = ["Load", "Title"]


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
        baseline: What reports say of the baseline that is measured against; None if none is.
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
        self.baseline: JsonObject | None = None
        self._attempt = 1
        self._kept: dict[str, ExperimentRecord] = {}

    async def begin_again(self) -> None:
        """Prepare another attempt, on a fresh service and with fresh dice; what was recorded so far stays in the report as an earlier one."""
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
            attempt=self._attempt,
        )
        folder = self._laboratory.folder
        path = folder.history_path(experiment.name, attempt=self._attempt)
        pcaps = folder.pcap_stem(experiment.name, attempt=self._attempt) if self._laboratory.settings.pcap else None
        if pcaps is not None and self._service.deployment.way.link is None:
            self._say("no pcap is kept: this way to the database has no packet link")
        try:
            history = await run_experiment(experiment, self._service.deployment, path, observe=Narrator(self._say), pcaps=pcaps)
        except (ChaosError, OSError, ExceptionGroup):
            await self._laboratory.drop_lost_rigs()
            raise
        recording = Recording(history, self._keep)
        self.recordings.append(recording)
        return recording

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The metrics of the plan that the test says it measures, and that no recording has."""
        measured = {metric for recording in self.recordings for metric in recording.measured}
        return tuple(claim for claim in self.title.claims if METRIC.fullmatch(claim) and claim not in measured)

    def _name(self) -> str:
        count = len(self.recordings)
        return f"{self.title.experiment}#{count + 1}" if count else self.title.experiment

    def _keep(self, history: History, expectations: tuple[Expectation, ...], judgement: Judgement, measures: Mapping[str, Measure]) -> None:
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
            baseline=self.baseline,
            measures=measures,
        )
        folder.add(record)
        self._kept[name] = record
