"""
The plan's key indicators, each an expectation with the plan's number for its limit.

    recovery time            < 5 s for most failures       recovers_within
    data loss                0 %                           no_data_loss
    crash rate               0 %                           no_crash
    degradation              < 3x for most failures        slowdown: the median answer, over that before the fault
    throughput under failure >= 80 % of normal             throughput_at_least
    memory                   < 500 MB                      memory_below
    detection                < 1 s                         detects_within
    alert accuracy           > 95 %                        what /ready said, see ``alerts``
    error clarity            100 %                         error_is_clear

They are computed for every experiment, whether its author asked or not, and decide no verdict: a test of a 2 s outage has promised nothing about its
memory. An experiment can tell only what its history holds, and about behaviour under a fault only if the fault was seen and the instrument was sound.
Recovery counts from the end of the fault: the plan counts from its beginning, but how long a fault lasts is the test's doing and not the service's.

Of a run, "for most failures" means more than half of the experiments that can tell; all other targets must be met by every one of them. The value shown is
the one of the experiment in the middle, or the worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median_high
from typing import Final, Literal

from fraiseql_chaos.core import JsonObject, seconds
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.alerts import alarms
from fraiseql_chaos.verdicts.expectations.detects_within import detects_within
from fraiseql_chaos.verdicts.expectations.error_is_clear import error_is_clear
from fraiseql_chaos.verdicts.expectations.fault_observed import fault_observed
from fraiseql_chaos.verdicts.expectations.instrument import instrument
from fraiseql_chaos.verdicts.expectations.memory_below import memory_below
from fraiseql_chaos.verdicts.expectations.no_crash import no_crash
from fraiseql_chaos.verdicts.expectations.no_data_loss import no_data_loss
from fraiseql_chaos.verdicts.expectations.recovers_within import recovers_within
from fraiseql_chaos.verdicts.expectations.slowdown import slowdown
from fraiseql_chaos.verdicts.expectations.throughput_at_least import throughput_at_least
from fraiseql_chaos.verdicts.hearing import hear
from fraiseql_chaos.verdicts.model import Expectation, Finding, Verdict
from fraiseql_chaos.verdicts.requests import requests_during
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["KPIS", "Indicator", "Kpi", "RunKpi", "kpis_of", "run_kpis"]

type Unit = Literal["s", "%", "x", "MB"]
type Measured = tuple[Verdict, float | None, str]

ALERT_ACCURACY: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """
    One indicator of one experiment.

    Attributes:
        name: The indicator's name.
        value: In the indicator's unit; None if there is none.
        verdict: ``held`` if the target is met, ``violated`` if not, ``inconclusive`` if this experiment cannot tell.
        why: What that rests on, or why it cannot tell.
    """

    name: str
    value: float | None
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKpi:
    """
    One indicator over all experiments of a run.

    Attributes:
        name, label, target, unit: Of the indicator.
        value: Of the experiment in the middle or of the worst, see ``shown``; None if none can tell, and of what never happened.
        worst: The worst value; None likewise.
        shown: ``median`` or ``worst``: what ``value`` is.
        verdict: As for ``Kpi``.
        why: How many experiments met it, how many did not, and how many cannot tell.
        met_by, missed_by, unknown_by: Which they are, by their ids.
    """

    name: str
    label: str
    target: str
    unit: Unit
    value: float | None
    worst: float | None
    shown: Literal["median", "worst"]
    verdict: Verdict
    why: str
    met_by: tuple[str, ...]
    missed_by: tuple[str, ...]
    unknown_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """
    What is measured, and what the plan wants it to be.

    Attributes:
        name: In run.json.
        label, target: For people.
        unit: Of the values.
        measure: Reads it off a history.
        least_is_worst: Whether small values are the bad ones.
        for_most: Whether more than half of the experiments are enough.
        under_fault: Whether it is about behaviour under a fault that was seen, by a sound instrument.
    """

    name: str
    label: str
    target: str
    unit: Unit
    measure: Callable[[History], Measured]
    least_is_worst: bool = False
    for_most: bool = False
    under_fault: bool = True


def kpis_of(history: History) -> tuple[Kpi, ...]:
    """Return every indicator of one experiment, in the order of ``KPIS``."""
    doubt = _doubt(history)
    return tuple(_kpi(indicator, history, doubt) for indicator in KPIS)


def run_kpis(experiments: Mapping[str, Iterable[Kpi]]) -> tuple[RunKpi, ...]:
    """
    Put the indicators of a run's experiments together.

    Args:
        experiments: The indicators of each, by its id; none of one that was stored before there were indicators.

    Returns:
        Each indicator over all of them; nothing if no experiment has any.
    """
    told = {name: {kpi.name: kpi for kpi in kpis} for name, kpis in sorted(experiments.items())}
    asked = {indicator: {name: kpis[indicator.name] for name, kpis in told.items() if indicator.name in kpis} for indicator in KPIS}
    return tuple(_of_run(indicator, kpis) for indicator, kpis in asked.items() if kpis)


def _kpi(indicator: Indicator, history: History, doubt: str) -> Kpi:
    if not history.faults:
        return Kpi(name=indicator.name, value=None, verdict="inconclusive", why="nothing was broken")
    verdict, value, why = indicator.measure(history)
    if doubt and indicator.under_fault:
        return Kpi(name=indicator.name, value=None, verdict="inconclusive", why=doubt)
    return Kpi(name=indicator.name, value=value, verdict=verdict, why=why)


def _doubt(history: History) -> str:
    """Return why nothing can be said about behaviour under a fault; empty if something can."""
    findings = (hear(expectation, history) for expectation in (instrument(), fault_observed()))
    return next((finding.statement for finding in findings if finding.verdict != "held"), "")


def _of_run(indicator: Indicator, kpis: Mapping[str, Kpi]) -> RunKpi:
    by = {verdict: tuple(name for name, kpi in kpis.items() if kpi.verdict == verdict) for verdict in ("held", "violated", "inconclusive")}
    met, missed, unknown = by["held"], by["violated"], by["inconclusive"]
    # What never happened, as a recovery, has no value and is worse than all that have one.
    never = -math.inf if indicator.least_is_worst else math.inf
    values = [never if kpi.value is None else kpi.value for kpi in kpis.values() if kpi.verdict != "inconclusive"]
    worst = (min if indicator.least_is_worst else max)(values, default=never)
    return RunKpi(
        name=indicator.name,
        label=indicator.label,
        target=indicator.target,
        unit=indicator.unit,
        value=_finite(median_high(values) if values and indicator.for_most else worst),
        worst=_finite(worst),
        shown="median" if indicator.for_most else "worst",
        verdict=_verdict(len(met), len(missed), for_most=indicator.for_most),
        why=_why(kpis, met, missed, unknown),
        met_by=met,
        missed_by=missed,
        unknown_by=unknown,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _verdict(met: int, missed: int, *, for_most: bool) -> Verdict:
    if not met and not missed:
        return "inconclusive"
    return "held" if (met > missed if for_most else not missed) else "violated"


def _why(kpis: Mapping[str, Kpi], met: tuple[str, ...], missed: tuple[str, ...], unknown: tuple[str, ...]) -> str:
    if not met and not missed:
        reasons = sorted({kpis[name].why for name in unknown}, key=lambda why: (len(why), why))
        return f"no experiment can tell: {reasons[0]}" if reasons else "there was no experiment"
    parts = [f"met in {len(met)} of {len(met) + len(missed)}"]
    parts += [f"{len(unknown)} cannot tell"] if unknown else []
    parts += [f"{missed[0].rpartition('::')[2]}: {kpis[missed[0]].why}"] if missed else []
    return "; ".join(parts)


def _judged(expectation: Expectation, value: Callable[[JsonObject], float | None]) -> Callable[[History], Measured]:
    """Return what reads an indicator off an expectation's finding."""

    def measure(history: History) -> Measured:
        finding: Finding = hear(expectation, history)
        return finding.verdict, value(finding.numbers), finding.statement

    return measure


def _number(name: str, scale: float = 1) -> Callable[[JsonObject], float | None]:
    def value(numbers: JsonObject) -> float | None:
        found = numbers.get(name)
        return round(found * scale, 6) if isinstance(found, int | float) else None

    return value


def _crashed(numbers: JsonObject) -> float:
    return 100.0 if numbers.get("exits") else 0.0


def _clear(numbers: JsonObject) -> float | None:
    errors, unclear = numbers.get("errors"), numbers.get("not_clear")
    return round(100 * (1 - unclear / errors), 3) if isinstance(errors, int) and isinstance(unclear, int) and errors else None


def _detected(history: History) -> Measured:
    """A fault that nobody was touched by leaves nothing to detect."""
    verdict, value, why = _judged(detects_within(seconds(1)), _number("detected_ms", 0.001))(history)
    touched = requests_during(history, "fault")
    if value is None and touched and all(o.outcome == "ok" for o in touched):
        return "inconclusive", None, f"all {len(touched)} requests during the fault were answered rightly, so there was nothing to detect"
    return verdict, value, why


def _accuracy(history: History) -> Measured:
    seen = alarms(history)
    told = seen.true + seen.false
    if not told:
        return "inconclusive", None, f"none of {seen.looks} answers of /ready was an alarm" if seen.looks else "nobody was answered by /ready"
    share = seen.true / told
    return (
        "held" if share > ALERT_ACCURACY else "violated",
        round(100 * share, 3),
        f"{seen.true} of {told} alarms of /ready had a reason: {percent(round(share, 6))}",
    )


KPIS: Final[tuple[Indicator, ...]] = (
    Indicator(
        name="recovery_time",
        label="Recovery time",
        target="< 5 s for most failures",
        unit="s",
        for_most=True,
        measure=_judged(recovers_within(seconds(5)), _number("recovery_ms", 0.001)),
    ),
    Indicator(
        name="data_loss", label="Data loss", target="0 %", unit="%", under_fault=False, measure=_judged(no_data_loss(), _number("lost_ratio", 100))
    ),
    Indicator(name="crash_rate", label="Crash rate", target="0 %", unit="%", under_fault=False, measure=_judged(no_crash(), _crashed)),
    Indicator(
        name="degradation",
        label="Degradation",
        target="< 3x for most failures",
        unit="x",
        for_most=True,
        measure=_judged(slowdown(at_most=3), _number("factor")),
    ),
    Indicator(
        name="throughput",
        label="Throughput under failure",
        target=">= 80 % of normal",
        unit="%",
        least_is_worst=True,
        measure=_judged(throughput_at_least(0.8), _number("ratio", 100)),
    ),
    Indicator(
        name="memory", label="Memory", target="< 500 MB", unit="MB", under_fault=False, measure=_judged(memory_below(mb=500), _number("peak_mb"))
    ),
    Indicator(name="detection", label="Detection", target="< 1 s", unit="s", measure=_detected),
    Indicator(name="alert_accuracy", label="Alert accuracy", target="> 95 %", unit="%", least_is_worst=True, measure=_accuracy),
    Indicator(name="error_clarity", label="Error clarity", target="100 %", unit="%", least_is_worst=True, measure=_judged(error_is_clear(), _clear)),
)
"""All of them, in the plan's order."""
