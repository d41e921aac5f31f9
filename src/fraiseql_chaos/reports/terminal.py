"""
The verdict table in plain text: one line a test, the worst first, and a line of totals.

    VIOLATED      test_refused  refuse on database  | ok 61.2 % | p95 4.02 ms | noticed 12.1 ms | back never
                  recovers_within: a request planned 3.2 s after the fault's end still failed
    held          test_latency  latency on database | ok 100 % | p95 263 ms | back 8.1 ms

    indicators    5 met, 3 cannot tell
                  Recovery time not met (< 5 s for most failures): 6.12 s; met in 1 of 3; test_refused: ...

    12 tests: 10 held, 1 violated, 1 inconclusive, 0 weaknesses; 2 skipped

Words and not colours carry the meaning, so the table survives a log file and a colour-blind reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S
from fraiseql_chaos.reports.record import ExperimentRecord, RunDocument
from fraiseql_chaos.reports.standing import STANDINGS, Standing
from fraiseql_chaos.verdicts import Verdict
from fraiseql_chaos.verdicts.model import VERDICTS
from fraiseql_chaos.verdicts.wording import percent, span

__all__ = ["key_numbers", "met", "quantity", "totals_line", "verdict_table"]

_WORDS: Final[dict[Standing, str]] = {"violated": "VIOLATED", "inconclusive": "INCONCLUSIVE", "weakness": "WEAKNESS", "held": "held"}
_MARGIN: Final = 14


def verdict_table(document: RunDocument) -> str:
    """Return the whole table, without a newline at its end."""
    return "\n".join(_lines(document))


def totals_line(document: RunDocument) -> str:
    """Return how many tests stand how, in one line."""
    totals = document.totals
    tests, weaknesses = ("test" if totals.run == 1 else "tests"), ("weakness" if totals.weakness == 1 else "weaknesses")
    counted = f"{totals.held} held, {totals.violated} violated, {totals.inconclusive} inconclusive, {totals.weakness} {weaknesses}"
    problems = "" if not totals.problems else f"; {totals.problems} {'PROBLEM' if totals.problems == 1 else 'PROBLEMS'}"
    return f"{totals.run} {tests}: {counted}; {totals.skipped} skipped{problems}"


def key_numbers(record: ExperimentRecord) -> tuple[tuple[str, str], ...]:
    """Return the few numbers that characterise a test, as (name, number with unit)."""
    metrics = record.metrics
    touched = metrics.during if metrics.during.requests else metrics.overall
    numbers = [
        ("ok", "-" if touched.success_ratio is None else percent(touched.success_ratio)),
        ("p95", _ms(touched.latency_p95_ms)),
        ("noticed", _ms(metrics.time_to_detect_ms)),
        ("back", _ms(metrics.recovery_ms)),
    ]
    return tuple((name, number) for name, number in numbers if number != "-")


def met(verdict: Verdict) -> str:
    """Return what a verdict says of a target."""
    return {"held": "met", "violated": "not met", "inconclusive": "cannot tell"}[verdict]


def quantity(value: float | None, unit: str) -> str:
    """Return an indicator's value with its unit, three digits of it; what missed its target without a value never happened."""
    if value is None:
        return "never"
    match unit:
        case "s":
            return span(value * NS_PER_S)
        case "%":
            return percent(round(value / 100, 8))
        case "x":
            return f"{value:.3g} times"
    return f"{value:.0f} {unit}"


def _lines(document: RunDocument) -> Iterator[str]:
    for problem in document.problems:
        yield f"{'PROBLEM':<{_MARGIN}}{problem.id.rpartition('/')[2]}  {problem.reason}"
    names = {record.id: record.id.rpartition("/")[2] for record in document.experiments}
    width = max((len(name) for name in names.values()), default=0)
    for record in sorted(document.experiments, key=lambda r: STANDINGS.index(r.standing)):
        faults = ", ".join(f"{fault.type} on {fault.target}" for fault in record.faults) or "no fault"
        numbers = " | ".join((faults, *(f"{name} {number}" for name, number in key_numbers(record))))
        yield f"{_WORDS[record.standing]:<{_MARGIN}}{names[record.id]:<{width}}  {numbers}"
        yield from (" " * _MARGIN + reason for reason in _explanations(record))
    for skip in document.skipped:
        yield f"{'skipped':<{_MARGIN}}{skip.id.rpartition('/')[2]}  {skip.reason}"
    yield from _indicators(document)
    for spread in document.repeated:
        yield f"{'repeated':<{_MARGIN}}{spread.experiment.rpartition('/')[2]}  {spread}"
    yield ""
    yield totals_line(document)


def _indicators(document: RunDocument) -> Iterator[str]:
    """Count the plan's indicators, and explain those that missed their target."""
    if not document.kpis:
        return
    counts = Counter(kpi.verdict for kpi in document.kpis)
    yield ""
    yield f"{'indicators':<{_MARGIN}}" + ", ".join(f"{counts[verdict]} {met(verdict)}" for verdict in VERDICTS if counts[verdict])
    for kpi in document.kpis:
        if kpi.verdict == "violated":
            yield f"{'':<{_MARGIN}}{kpi.label} not met ({kpi.target}): {quantity(kpi.value, kpi.unit)}; {kpi.why}"


def _explanations(record: ExperimentRecord) -> Iterator[str]:
    if record.standing == "weakness" and record.weakness:
        yield f"known weakness {record.weakness.id}: {record.weakness.seen}"
    if record.is_outdated_weakness and record.weakness:
        yield f"weakness {record.weakness.id} was not seen any more: take it out of the register"
    if len(record.attempts) > 1:
        yield f"attempt {len(record.attempts)}; before it: {', '.join(attempt.verdict for attempt in record.attempts[:-1])}"
    yield from record.reasons
    if record.pcaps is not None:
        full = f"; {record.pcaps.not_kept} more came after a file was full" if record.pcaps.not_kept else ""
        yield f"{record.pcaps.packets} packets in {record.pcaps.near} and {record.pcaps.far}{full}"


def _ms(number_ms: float | None) -> str:
    return "-" if number_ms is None else span(number_ms * NS_PER_MS)
