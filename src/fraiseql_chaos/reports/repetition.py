"""
An experiment that is repeated: which records are of the same one, and how its verdicts and its numbers are spread.

Each repetition is an experiment of its own, with a service, a record and a verdict of its own, so every one counts and none is repeated away. What ties them
together is the id: ``test_x[stock-repeat-2-of-5]`` is the second of five of ``test_x[stock]``.

The interval of a share of verdicts is Wilson's. It treats repetitions as independent, which a fresh service each makes about true; on one machine in one hour
they still share more than repetitions on another day would.

Numbers are of the repetitions that could tell, as in a comparison of runs. A time that some of them do not have, as the recovery of a service that never came back, says
how many have it: the middle of those alone would praise a service for failing more often.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraiseql_chaos.reports.numbers import NUMBERS
from fraiseql_chaos.reports.standing import STANDINGS, Standing
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts import to_json
from fraiseql_chaos.verdicts.wording import percent

if TYPE_CHECKING:
    from fraiseql_chaos.reports.record import ExperimentRecord

__all__ = ["NumberSpread", "Spread", "StandingShare", "experiment_of", "question_of", "repetition_id", "repetition_suffix", "spreads"]

_REPETITION: Final = re.compile(r"^(?P<head>[^\[]*)\[(?:(?P<parameters>.*)-)?repeat-[1-9]\d*-of-[1-9]\d*\](?P<tail>#\d+)?$", re.DOTALL)


def repetition_suffix(number: int, of: int) -> str:
    """Return what the n-th repetition, from 1, has in its id."""
    return f"repeat-{number}-of-{of}"


def repetition_id(experiment: str, number: int, of: int) -> str:
    """Return the id of the n-th repetition, from 1, of an experiment without parameters; its own id if it is the only one."""
    return f"{experiment}[{repetition_suffix(number, of)}]" if of > 1 else experiment


def experiment_of(record_id: str) -> str:
    """Return the id of the experiment that a record is a repetition of; its own if it is none."""
    found = _REPETITION.match(record_id)
    if found is None:
        return record_id
    parameters = "" if found["parameters"] is None else f"[{found['parameters']}]"
    return f"{found['head']}{parameters}{found['tail'] or ''}"


def question_of(record: ExperimentRecord) -> str:
    """Return what was done and asked, as text that is the same only if both are."""
    faults = [[fault.type, fault.target, fault.parameters] for fault in record.faults]
    return json.dumps([faults, [to_json(expectation) for expectation in record.expectations]], sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingShare:
    """How many repetitions stood so, and Wilson's 95 % interval of the share that would, 0 to 1."""

    standing: Standing
    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSpread:
    """
    How one number is spread over the repetitions that could tell.

    Attributes:
        name, what, unit: As for a metric of a baseline.
        told: How many repetitions could tell.
        count: How many of them have this number.
        least, median, greatest: Of those, in the unit.
        cv: Their standard deviation as a share of their mean; None of a single one, or of a mean of 0.
    """

    name: str
    what: str
    unit: str
    told: int
    count: int
    least: float
    median: float
    greatest: float
    cv: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """
    How the verdicts and the numbers of one experiment are spread over its repetitions.

    Attributes:
        experiment: Its id.
        repetitions: How many there were.
        verdicts: How many stood how, the worst first; none that did not occur.
        numbers: What was measured; none that no repetition has.
    """

    experiment: str
    repetitions: int
    verdicts: tuple[StandingShare, ...]
    numbers: tuple[NumberSpread, ...]

    def __str__(self) -> str:
        parts = [f"{share.standing} {share.count} ({percent(share.low)} to {percent(share.high)})" for share in self.verdicts]
        return f"{self.repetitions} repetitions: {', '.join(parts)}"


def spreads(records: Iterable[ExperimentRecord]) -> tuple[Spread, ...]:
    """Return the spread of each experiment that was repeated, sorted by id."""
    found: dict[str, list[ExperimentRecord]] = {}
    for record in records:
        found.setdefault(experiment_of(record.id), []).append(record)
    return tuple(_spread(name, found[name]) for name in sorted(found) if len(found[name]) > 1)


def _spread(name: str, records: list[ExperimentRecord]) -> Spread:
    standings = Counter(record.standing for record in records)
    return Spread(
        experiment=name,
        repetitions=len(records),
        verdicts=tuple(_share(standing, standings[standing], len(records)) for standing in STANDINGS if standings[standing]),
        numbers=tuple(_numbers([record for record in records if record.verdict != "inconclusive"])),
    )


def _share(standing: Standing, count: int, of: int) -> StandingShare:
    share = wilson(count, of)
    return StandingShare(standing=standing, count=count, low=round(share.low, 6), high=round(share.high, 6))


def _numbers(told: list[ExperimentRecord]) -> Iterator[NumberSpread]:
    for number in NUMBERS:
        values = [value for record in told if (value := number.of(record.metrics)) is not None]
        if values:
            mean = statistics.fmean(values)
            yield NumberSpread(
                name=number.name,
                what=number.what,
                unit=number.unit,
                told=len(told),
                count=len(values),
                least=round(min(values), 6),
                median=round(statistics.median(values), 6),
                greatest=round(max(values), 6),
                cv=round(statistics.stdev(values) / mean, 6) if len(values) > 1 and mean else None,
            )
