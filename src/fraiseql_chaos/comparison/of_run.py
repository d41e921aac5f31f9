"""
A run against a baseline: did the service, as far as no fault touched it, still do what it did in health?

    experiment 1 -- requests before its first fault -- median of each operation --+
    experiment 2 -- ...                                                          -+--> the repetitions that are compared with the baseline's
    ...                                                                          -+

Each experiment has a service of its own, begun anew, so each is one repetition, as in a baseline. Requests after a fault are left out: how the service comes back
is the experiment's business. A suite's load is open and light, so nearly every request meets an idle service; it is compared with one request in flight, as
``latency_within`` does.

The two are not the same instrument. A baseline asks one question right after another, of a service that is warm and on processors that are awake; a suite asks a few
times, at planned instants, with pauses. The same service then takes up to twice as long (measured: 1.2 to 2.2 times, on a busy machine). So the tolerance
is the plan's factor of two, ``assert_within_baseline(tolerance=2.0)``, and what is to be told apart more finely needs a second baseline.

Everything else that a baseline holds (throughput, pool, pipeline) a run of experiments does not measure, and the comparison lists it as such.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.baselines.naming import latency_metric
from fraiseql_chaos.comparison.judging import LEVEL, Measured, checked_tolerance, judged
from fraiseql_chaos.comparison.model import Comparison, ranked
from fraiseql_chaos.comparison.of_baselines import side_of_baseline
from fraiseql_chaos.comparison.of_runs import machine_of, side_of_run
from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.reports import RunDocument
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.requests import fault_windows, phase_of

__all__ = ["REQUESTS_LEAST", "RUN_TOLERANCE_PERCENT", "compare_run_with_baseline"]

REQUESTS_LEAST: Final = 3
"""Answers of one operation before the fault, below which an experiment says nothing of that operation: the first of all is slow, and one of two would be half of the median."""

RUN_TOLERANCE_PERCENT: Final = 100.0
"""The plan's factor of two."""


def compare_run_with_baseline(
    baseline: Baseline,
    document: RunDocument,
    histories: Iterable[History],
    *,
    names: tuple[str, str] = ("the baseline", "the run"),
    page: str = "",
    tolerance: float = RUN_TOLERANCE_PERCENT,
    allow_foreign: bool = False,
) -> Comparison:
    """
    Compare what a run measured before its faults with a baseline.

    Args:
        baseline: The yardstick.
        document: The run.
        histories: Of its experiments.
        names: What the two are called.
        page: Where the run's own report is.
        tolerance: The change in per cent that does not count.
        allow_foreign: Whether the baseline may be of another machine or target.

    Raises:
        DeclarationError: If it is, and that was not allowed, or the tolerance is none.
    """
    checked_tolerance(tolerance)
    differs = baseline.fits(document.machine, document.target, baseline.configuration)
    if differs and not allow_foreign:
        raise DeclarationError(
            f"{names[0]} is no yardstick for this run: {'; '.join(differs)}; --foreign-baseline compares them all the same, and says so; nothing was compared"
        )
    medians = _medians(histories)
    both = [metric for metric in baseline.metrics if metric.name in medians]
    measured = [
        Measured(
            name=metric.name,
            group=metric.group,
            what=metric.what,
            unit=metric.unit,
            better=metric.better,
            old=metric.repetitions,
            new=medians[metric.name],
            noisy=metric.noisy,
        )
        for metric in both
    ]
    rows, _ = ranked(judged(measured, tolerance=tolerance))
    return Comparison(
        kind="run_with_baseline",
        old=side_of_baseline(baseline, names[0]),
        new=side_of_run(document, names[1], page),
        differs=differs,
        foreign=machine_of(document.machine) != baseline.machine["id"],
        tolerance=tolerance,
        level=LEVEL,
        flips=(),
        rows=rows,
        only_old=tuple(metric.name for metric in baseline.metrics if metric.name not in medians),
        only_new=tuple(name for name in sorted(medians) if baseline.metric(name) is None),
    )


def _medians(histories: Iterable[History]) -> dict[str, tuple[float, ...]]:
    """Return the median of each operation in each experiment, in milliseconds, under the baseline's name for it."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for history in histories:
        windows = fault_windows(history)
        taken: defaultdict[str, list[int]] = defaultdict(list)
        for operation in history.operations:
            if operation.outcome == "ok" and phase_of(operation, windows) == "before":
                taken[operation.name].append(operation.latency_ns)
        for name, spans_ns in taken.items():
            if len(spans_ns) >= REQUESTS_LEAST:
                found[latency_metric(name)].append(value_at(spans_ns, 50) / NS_PER_MS)
    return {name: tuple(values) for name, values in found.items()}
