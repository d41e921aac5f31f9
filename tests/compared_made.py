"""Baselines and runs that differ in a known way, for tests of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from baselines_made import baseline, metric
from fraiseql_chaos.baselines import Baseline, Metric
from fraiseql_chaos.core import dice, ms, seconds
from fraiseql_chaos.reports import ExperimentRecord, RunDocument, RunFolder, Weakness
from fraiseql_chaos.verdicts import Expectation, availability, judge_all, recovers
from histories import Scene, store

STARTED = datetime(2026, 11, 22, 6, 9, 5, tzinfo=UTC)
PROMISES: tuple[Expectation, ...] = (availability(at_least=0.97, during="outside"), recovers(within=seconds(1)))
KNOWN = Weakness(id="W-900", seen="Recovery is late.", violates=("recovers_within", "availability", "no_hang"))
TEST = "tests/chaos/test_pool.py::test_pool"


def repeated(mean: float, seed: int, *, spread: float = 0.01, count: int = 10) -> list[float]:
    """Return the repetitions of a metric, scattered by dice."""
    return [dice(seed, "repetition", number).gauss(mean, mean * spread) for number in range(count)]


def service(*, by_id_ms: float = 2.0, seed: int = 1, more: Sequence[Metric] = (), fraiseql: str = "1.9.16") -> Baseline:
    """Return a baseline of eight metrics; two of them follow how long a read by id takes."""
    others = [metric(f"query.other{n}.c1.latency_p50", repeated(3.0 + n, seed * 100 + n)) for n in range(6)]
    made = baseline(
        metric("query.by_id.c1.latency_p50", repeated(by_id_ms, seed * 100 + 50)),
        metric("query.by_id.c1.throughput", repeated(1000 / by_id_ms, seed * 100 + 51), better="higher"),
        *others,
        *more,
    )
    return replace(made, target={**made.target, "fraiseql": fraiseql})


def scene(*, back_ms: float = 100, took_ms: float = 4.0, seen: bool = True, seed: int = 1) -> Scene:
    """Return an outage of two seconds, from which the service comes back after so long."""
    made = Scene(experiment=TEST, seed=seed).load(350).fault(2000, 4000, count=12 if seen else 0)
    made.answers(0, 2000, took_ms=took_ms).errors(2000, 4000 + back_ms)
    return made.answers(4000 + back_ms, 7000, took_ms=took_ms)


def add(
    folder: RunFolder,
    made: Scene,
    experiment: str,
    *,
    promises: tuple[Expectation, ...] = PROMISES,
    weakness: Weakness | None = None,
    title: str = "The pool recovers",
) -> None:
    """Judge a scene into a run."""
    made.experiment = experiment
    history = made.history()
    path = folder.history_path(experiment)
    store(history, path)
    folder.add(
        ExperimentRecord.of(history, judge_all(history, promises), path=folder.relative(path), title=title, expectations=promises, weakness=weakness)
    )


def run_of(root: Path, *scenes: Scene, seed: int = 1, experiment: str = TEST, weakness: Weakness | None = None) -> tuple[RunFolder, RunDocument]:
    """Return a run of one experiment, repeated as often as there are scenes."""
    folder = RunFolder.create(root, seed=seed, replay=f"pytest --chaos-seed={seed}", started=STARTED)
    for number, made in enumerate(scenes, start=1):
        name = f"{experiment}[repeat-{number}-of-{len(scenes)}]" if len(scenes) > 1 else experiment
        add(folder, made, name, weakness=weakness)
    return folder, folder.collect()


LATE = ms(1500).ns / 1e6
"""Milliseconds after the fault's end that break the promise."""
