"""
What a run says about itself: the shape of ``run.json``.

    RunDocument
    |-- header: schema, seed, replay, started, target, machine
    |-- totals
    |-- kpis: RunKpi ...                    the plan's indicators against their targets
    |-- experiments: ExperimentRecord ...   one a test, sorted by id
    |-- repeated: Spread ...                of an experiment that was repeated: its verdicts and its numbers over all repetitions
    |-- skipped: Skip ...                   what this machine could not do, and why
    `-- problems: Problem ...               tests that went wrong in another way than by a verdict, and how

Everything in a record is either declared by the test (title, claims, expectations, weakness) or follows from its history, so it can be
computed again and must come out the same. The one word that is more than a verdict is a record's *standing*: a violated test that
names an entry of the weakness register stands as ``weakness``. It is neither green nor a surprise, and it is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self

from fraiseql_chaos.core import NS_PER_S, Json, JsonObject
from fraiseql_chaos.history import FaultHit, FaultRecord, History, Shows
from fraiseql_chaos.measures import Measure, Measurement
from fraiseql_chaos.reports.counted import CountedRate, counted_rates
from fraiseql_chaos.reports.repetition import Spread, spreads
from fraiseql_chaos.reports.standing import STANDINGS, Standing
from fraiseql_chaos.verdicts import ChaosMetrics, Expectation, Finding, Judgement, Kpi, RunKpi, Verdict, current_kind, kpis_of, run_kpis
from fraiseql_chaos.verdicts.jsonform import ADDED_LATER

__all__ = [
    "RUN_SCHEMA",
    "Attempt",
    "EvidenceRecord",
    "ExperimentRecord",
    "FaultSummary",
    "Pcaps",
    "Problem",
    "RunDocument",
    "Skip",
    "Totals",
    "Weakness",
]

RUN_SCHEMA: Final = "fraiseql-chaos/run/1"

PCAP_PROBE: Final = "link_pcap"
"""Under which name a history says which captures were kept."""

PCAP_FOLDER: Final = "pcaps"
"""Where in a run's folder they are."""

HITS_SHOWN: Final = 8
"""How many of the things that a fault did a report lists one by one; the history has the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """What one witness said about one fault: that it happened, or that the service was under it."""

    witness: str
    count: int
    independent: bool
    statement: str
    shows: Shows


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSummary:
    """One fault of an experiment; times in seconds since the first planned request, None if it never came to that."""

    type: str
    layer: str
    fidelity: str
    failure_type: str
    target: str
    description: str
    parameters: JsonObject
    armed_at_s: float | None
    healed_at_s: float | None
    evidence: tuple[EvidenceRecord, ...]
    hits: tuple[str, ...] = ()
    counted: tuple[CountedRate, ...] = field(default=(), metadata=ADDED_LATER)

    @classmethod
    def of(cls, fault: FaultRecord) -> Self:
        """Summarise what a history says about a fault."""
        declared = fault.declared
        return cls(
            type=declared.kind,
            layer=declared.layer,
            fidelity=declared.fidelity,
            failure_type=declared.failure_type,
            target=declared.target,
            description=declared.description,
            parameters=declared.parameters,
            armed_at_s=fault.armed.at_ns / 1e9 if fault.armed else None,
            healed_at_s=fault.healed.at_ns / 1e9 if fault.healed else None,
            evidence=tuple(
                EvidenceRecord(witness=e.witness, count=e.count, independent=e.independent, statement=e.statement, shows=e.shows)
                for e in fault.evidence
            ),
            hits=tuple(_in_words(hit) for hit in fault.hits[:HITS_SHOWN]),
            counted=counted_rates(fault.evidence),
        )


def _in_words(hit: FaultHit) -> str:
    """Return what a fault did to one item as one line for people."""
    what = f"{hit.message} number {hit.ordinal + 1}" if hit.message else f"chunk {hit.ordinal + 1}"
    of = f" of {' '.join(hit.sql.split())}" if hit.sql else ""
    fate = {True: ", delivered", False: ", not delivered", None: ""}[hit.delivered]
    answer = f", answered {hit.answered}" if hit.answered else ""
    way = "to the server" if hit.direction == "up" else "to the service"
    whose = hit.flow if hit.connection is None else f"connection {hit.connection + 1}"
    return f"{hit.at_ns / NS_PER_S:.3f} s, {whose}, {way}: {what}{of} ({hit.bytes} bytes): {hit.decision}{fate}{answer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """
    An entry of the weakness register that a test names because it is violated.

    Attributes:
        id: The entry's id.
        seen: What was seen, in one sentence.
        violates: The kinds of expectations that it breaks, and that it excuses; a violation of any other kind is news.
        affects: The releases it was seen in.
        remedy: What a user can do about it; empty if nothing is known.
        evidence: What was measured, and by which test.
        cause: Why it is so, with file and line in FraiseQL's source.
    """

    id: str
    seen: str
    violates: tuple[str, ...]
    affects: str = ""
    remedy: str = ""
    evidence: str = field(default="", metadata=ADDED_LATER)
    cause: str = field(default="", metadata=ADDED_LATER)

    def explains(self, findings: Iterable[Finding]) -> bool:
        """Tell whether everything that is violated is what this weakness breaks: it excuses no wrong answer and no crash beside it."""
        broken = {finding.expectation.kind for finding in findings if finding.verdict == "violated"}
        return broken <= {current_kind(kind) for kind in self.violates}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of an experiment: its history, relative to the run's folder, and what it came to."""

    history: str
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pcaps:
    """
    What crossed the link, as the kernel of each end saw it: two files for Wireshark, kept because somebody asked for them.

    Attributes:
        near, far: The files of the service's end and of the server's, relative to the run's folder.
        packets: How many are in both together.
        not_kept: How many came after a file was full.
    """

    near: str
    far: str
    packets: int
    not_kept: int

    @classmethod
    def of(cls, history: History) -> Self | None:
        """Return what a history says was kept; None if nothing was."""
        for sample in history.samples(PCAP_PROBE):
            value: dict[str, Any] = sample.value
            near, far = (f"{PCAP_FOLDER}/{value[end]}" for end in ("near", "far"))
            return cls(near=near, far=far, packets=value["packets"], not_kept=value["not_kept"])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """
    One test of a run.

    Attributes:
        id: The experiment's id, from its history.
        title: What the test claims, in one sentence.
        claims: The numbers of the plan's claims that it speaks to.
        target, machine: What it ran against and on, from its history.
        replay: The command line that repeats it.
        faults: What was done.
        expectations: What its author asked; what every experiment is asked is only in the findings.
        verdict, reasons, findings: The judgement of the last attempt.
        weakness: The known weakness that explains a violation; None if it names none.
        metrics: What was measured.
        baseline: Of which baseline it was measured against: when it was created, on which machine, and in what it is foreign; None if against none.
        history: The last attempt's history, relative to the run's folder.
        attempts: All attempts in order, the last one included.
        kpis: The plan's indicators of the last attempt; none in records of before there were any.
        measured: What the test measured for the plan, by the metric's id there, as ``1.1.1.m1``; of the last attempt.
        pcaps: What crossed the link in the last attempt; None if it was not kept.
    """

    id: str
    title: str
    claims: tuple[str, ...]
    target: JsonObject
    machine: JsonObject
    replay: str
    faults: tuple[FaultSummary, ...]
    expectations: tuple[Expectation, ...]
    verdict: Verdict
    weakness: Weakness | None
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    metrics: ChaosMetrics
    baseline: JsonObject | None
    history: str
    attempts: tuple[Attempt, ...]
    kpis: tuple[Kpi, ...] = field(default=(), metadata=ADDED_LATER)
    measured: dict[str, Measurement] = field(default_factory=dict, metadata=ADDED_LATER)
    pcaps: Pcaps | None = field(default=None, metadata=ADDED_LATER)

    @classmethod
    def of(
        cls,
        history: History,
        judgement: Judgement,
        *,
        path: str,
        title: str,
        expectations: Iterable[Expectation],
        claims: Iterable[str] = (),
        weakness: Weakness | None = None,
        earlier: Iterable[Attempt] = (),
        baseline: JsonObject | None = None,
        measures: Mapping[str, Measure] = MappingProxyType({}),
    ) -> Self:
        """
        Make the record of a judged history.

        Args:
            history: The last attempt.
            judgement: What ``judge_all`` said about it.
            path: The history's file, relative to the run's folder.
            title: What the test claims.
            expectations: What was asked, so that it can be asked again.
            claims: The plan's claims it speaks to.
            weakness: The known weakness it names.
            earlier: The attempts before this one, in order.
            baseline: Which baseline it was measured against.
            measures: What is measured, by the plan's id of the metric.
        """
        this = Attempt(history=path, verdict=judgement.verdict, reasons=judgement.reasons)
        return cls(
            id=history.begin.experiment,
            title=title,
            claims=tuple(claims),
            target=history.begin.target,
            machine=history.begin.machine,
            replay=history.begin.replay,
            faults=tuple(FaultSummary.of(fault) for fault in history.faults),
            expectations=tuple(expectations),
            verdict=judgement.verdict,
            weakness=weakness,
            reasons=judgement.reasons,
            findings=judgement.findings,
            metrics=ChaosMetrics.of(history),
            baseline=baseline,
            history=path,
            attempts=(*earlier, this),
            kpis=kpis_of(history),
            measured={metric: measure.take(history) for metric, measure in measures.items()},
            pcaps=Pcaps.of(history),
        )

    @property
    def standing(self) -> Standing:
        """The verdict, or ``weakness`` if it is violated and names a known weakness that explains all of it."""
        known = self.verdict == "violated" and self.weakness is not None and self.weakness.explains(self.findings)
        return "weakness" if known else self.verdict

    @property
    def is_outdated_weakness(self) -> bool:
        """Whether it names a weakness that was not seen: the register, and not the service, needs a change."""
        return self.weakness is not None and self.verdict == "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A test that did not run, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A test that failed in another way than by a verdict: before there was one, beside it, or after it. Its record, if any, shows less than green."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many tests ran, and how they stand; ``run`` is the sum of the four standings, and a test among them may be a problem too."""

    run: int
    held: int
    violated: int
    inconclusive: int
    weakness: int
    skipped: int
    problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """
    A whole run.

    ``target`` and ``machine`` are what all its experiments agree on, ``kpis`` the plan's indicators over all of them, ``repeated`` how those that were repeated are
    spread; the last two are not in documents of before there were any.
    """

    schema: str = RUN_SCHEMA
    seed: int
    replay: str
    started: str
    target: JsonObject
    machine: JsonObject
    totals: Totals
    experiments: tuple[ExperimentRecord, ...]
    skipped: tuple[Skip, ...]
    problems: tuple[Problem, ...]
    kpis: tuple[RunKpi, ...] = field(default=(), metadata=ADDED_LATER)
    repeated: tuple[Spread, ...] = field(default=(), metadata=ADDED_LATER)

    @classmethod
    def of(
        cls,
        experiments: Iterable[ExperimentRecord],
        skipped: Iterable[Skip] = (),
        problems: Iterable[Problem] = (),
        *,
        seed: int,
        replay: str,
        started: str,
    ) -> Self:
        """Put a run's records together, sorted by id, and count them."""
        records = tuple(sorted(experiments, key=lambda record: record.id))
        skips = tuple(sorted(skipped, key=lambda skip: skip.id))
        wrong = tuple(sorted(problems, key=lambda problem: problem.id))
        standings = Counter(record.standing for record in records)
        return cls(
            seed=seed,
            replay=replay,
            started=started,
            target=_agreed([record.target for record in records]),
            machine=_agreed([record.machine for record in records]),
            totals=Totals(run=len(records), **{standing: standings[standing] for standing in STANDINGS}, skipped=len(skips), problems=len(wrong)),
            experiments=records,
            skipped=skips,
            problems=wrong,
            kpis=run_kpis({record.id: record.kpis for record in records}),
            repeated=spreads(records),
        )


def _agreed(objects: list[JsonObject]) -> JsonObject:
    """Return the fields that all objects have with the same value."""
    first: dict[str, Json] = objects[0] if objects else {}
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in objects)}
