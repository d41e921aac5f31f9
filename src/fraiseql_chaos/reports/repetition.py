"""
An experiment that is repeated: which records are of the same one, and how its verdicts are spread.

Each repetition is an experiment of its own, with a service, a record and a verdict of its own, so every one counts and none is repeated away. What ties them
together is the id: ``test_x[stock-repeat-2-of-5]`` is the second of five of ``test_x[stock]``.

The interval of a share of verdicts is Wilson's. It treats repetitions as independent, which a fresh service each makes about true; on one machine in one hour
they still share more than repetitions on another day would.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.reports.record import STANDINGS, ExperimentRecord, Standing
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts import to_json
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["Spread", "experiment_of", "question_of", "repetition_id", "repetition_suffix", "spreads"]

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
class Spread:
    """
    How the verdicts of one experiment are spread over its repetitions.

    Attributes:
        experiment: Its id.
        repetitions: How many there were.
        counts: How many stood how, the worst first, by standing; none that did not occur.
    """

    experiment: str
    repetitions: int
    counts: dict[Standing, int]

    def __str__(self) -> str:
        parts = []
        for standing, count in self.counts.items():
            share = wilson(count, self.repetitions)
            parts.append(f"{standing} {count} ({percent(round(share.low, 6))} to {percent(round(share.high, 6))})")
        return f"{self.repetitions} repetitions: {', '.join(parts)}"


def spreads(records: Iterable[ExperimentRecord]) -> tuple[Spread, ...]:
    """Return the spread of each experiment that was repeated, sorted by id."""
    found: dict[str, list[ExperimentRecord]] = {}
    for record in records:
        found.setdefault(experiment_of(record.id), []).append(record)
    return tuple(_spread(name, found[name]) for name in sorted(found) if len(found[name]) > 1)


def _spread(name: str, records: list[ExperimentRecord]) -> Spread:
    standings = Counter(record.standing for record in records)
    return Spread(experiment=name, repetitions=len(records), counts={standing: standings[standing] for standing in STANDINGS if standings[standing]})
