"""
Two runs: which verdicts flipped, and what became of what was measured under fault.

The samples of an experiment are its repetitions (``--chaos-repeat``), one value each from the attempt that was judged. Attempts that could not tell are left
out: their instrument was not sound, or nothing was seen, so their numbers are of something else.

A number that only exists if something happened, such as the time to recovery, has no value where it did not. Comparing those that did would make a service look
better the more often it fails to recover, so such a metric is unsure; the verdict says what matters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fraiseql_chaos.comparison.judging import LEVEL, TOLERANCE_PERCENT, Measured, checked_tolerance, judged
from fraiseql_chaos.comparison.model import Comparison, Direction, Flip, Side, ranked
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.reports import ExperimentRecord, RunDocument
from fraiseql_chaos.reports.numbers import NUMBERS
from fraiseql_chaos.reports.repetition import experiment_of, question_of
from fraiseql_chaos.reports.standing import STANDINGS, Standing

__all__ = ["compare_runs", "machine_of", "run_differences", "side_of_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """All repetitions of one experiment in one run, and the number of the first shown of them on the run's page."""

    records: tuple[ExperimentRecord, ...]
    place: int

    @property
    def told(self) -> tuple[ExperimentRecord, ...]:
        """Those that could tell."""
        return tuple(record for record in self.records if record.verdict != "inconclusive")


def compare_runs(
    old: RunDocument,
    new: RunDocument,
    *,
    names: tuple[str, str] = ("old", "new"),
    pages: tuple[str, str] = ("", ""),
    tolerance: float = TOLERANCE_PERCENT,
) -> Comparison:
    """
    Compare two runs, test by test.

    Args:
        old: What there was.
        new: What there is.
        names: What they are called.
        pages: Where their own reports are, for links; empty for none.
        tolerance: The change in per cent that does not count.

    Raises:
        DeclarationError: If the tolerance is none.
    """
    checked_tolerance(tolerance)
    before, after = _groups(old), _groups(new)
    both = [name for name in before if name in after]
    measured = [each for name in both for each in _measured(name, before[name], after[name])]
    flips = [flip for name in both if (flip := _flip(name, before[name], after[name])) is not None]
    rows, flipped = ranked(judged(measured, tolerance=tolerance), flips)
    return Comparison(
        kind="runs",
        old=side_of_run(old, names[0], pages[0]),
        new=side_of_run(new, names[1], pages[1]),
        differs=(*run_differences(old.machine, new.machine, old.target, new.target), *_asked_otherwise(before, after, both)),
        foreign=machine_of(old.machine) != machine_of(new.machine),
        tolerance=tolerance,
        level=LEVEL,
        tests=len(both),
        flips=flipped,
        rows=rows,
        only_old=tuple(name for name in before if name not in after),
        only_new=tuple(name for name in after if name not in before),
    )


def side_of_run(document: RunDocument, name: str, page: str = "") -> Side:
    """Return what a comparison says of a run as a whole."""
    return Side(name=name, created=document.started, machine=machine_of(document.machine), target=document.target, page=page)


def machine_of(machine: JsonObject) -> str:
    """Return a machine's id; of one that was described before there were ids, its description."""
    return str(machine.get("id") or ", ".join(f"{key} {value}" for key, value in machine.items()))


def run_differences(old: JsonObject, new: JsonObject, old_target: JsonObject, new_target: JsonObject) -> tuple[str, ...]:
    """Return in what machine and target of two runs differ, one phrase each."""
    before, after = machine_of(old), machine_of(new)
    elsewhere = (f"machine {before or 'unknown'}, not {after or 'unknown'}",) if before != after else ()
    keys = [key for key in sorted({*old_target, *new_target}) if old_target.get(key) != new_target.get(key)]
    return (*elsewhere, *(f"target {key} {old_target.get(key, 'absent')}, not {new_target.get(key, 'absent')}" for key in keys))


def _asked_otherwise(before: dict[str, _Group], after: dict[str, _Group], both: Iterable[str]) -> tuple[str, ...]:
    """Say how many tests are not the same test any more."""
    changed = sum(not _is_same_question(before[name], after[name]) for name in both)
    tests = "1 test does other faults or makes other promises" if changed == 1 else f"{changed} tests do other faults or make other promises"
    return (f"configuration: {tests} than before",) if changed else ()


def _groups(document: RunDocument) -> dict[str, _Group]:
    """Return the experiments of a run by what is repeated in them, with their number on its page."""
    shown = sorted(document.experiments, key=lambda record: (STANDINGS.index(record.standing), record.id))
    places = {record.id: place for place, record in enumerate(shown, start=1)}
    found: defaultdict[str, list[ExperimentRecord]] = defaultdict(list)
    for record in document.experiments:
        found[experiment_of(record.id)].append(record)
    return {name: _Group(records=tuple(records), place=min(places[record.id] for record in records)) for name, records in sorted(found.items())}


def _measured(name: str, before: _Group, after: _Group) -> Iterator[Measured]:
    """Yield the numbers that an experiment has on either side."""
    for number in NUMBERS:
        old, new = ([number.of(record.metrics) for record in group.told] for group in (before, after))
        known_old, known_new = (tuple(value for value in values if value is not None) for values in (old, new))
        if not known_old and not known_new:
            continue
        absent = [f"{values.count(None)} of {len(values)} repetitions {when}" for values, when in ((old, "before"), (new, "now")) if None in values]
        few = [when for values, when in ((old, "before"), (new, "now")) if not values]
        untold = f"there is no such time in {' and '.join(absent)}, so those that have one are no fair sample" if absent else ""
        yield Measured(
            name=f"{name} {number.name}",
            group=name,
            what=number.what,
            unit=number.unit,
            better=number.better,
            old=known_old,
            new=known_new,
            untold=f"no repetition could tell {' or '.join(few)}" if few else untold,
            old_place=before.place,
            new_place=after.place,
        )


def _flip(name: str, before: _Group, after: _Group) -> Flip | None:
    """Return how the verdict of an experiment changed; None if it is the same."""
    old, new = (Counter(record.standing for record in group.records) for group in (before, after))
    if set(old) == set(new):
        return None
    worst = min(after.records, key=lambda record: STANDINGS.index(record.standing))
    return Flip(
        experiment=name,
        title=worst.title,
        old=_told(old),
        new=_told(new),
        direction=_direction(old, new),
        same_question=_is_same_question(before, after),
        reasons=worst.reasons,
        old_place=before.place,
        new_place=after.place,
    )


def _direction(old: Counter[Standing], new: Counter[Standing]) -> Direction:
    """
    Tell which way a verdict went.

    Violated now and not before is worse, however often it also held; a weakness that is gone, or a violation, is better. If all that changed is whether
    anything could be told, nothing is known of the service.
    """
    if "violated" in new and "violated" not in old:
        # What could not tell before may have been just as broken.
        return "unclear" if set(old) == {"inconclusive"} else "worse"
    if "violated" in old and "violated" not in new:
        return "unclear" if "inconclusive" in new else "better"
    if "inconclusive" in old or "inconclusive" in new or "violated" in old:
        return "unclear"
    return "worse" if "weakness" in new and "weakness" not in old else "better"


def _told(standings: Counter[Standing]) -> str:
    if len(standings) == 1:
        return next(iter(standings))
    total = sum(standings.values())
    return ", ".join(f"{standing} {standings[standing]} of {total}" for standing in STANDINGS if standings[standing])


def _is_same_question(before: _Group, after: _Group) -> bool:
    return {question_of(record) for record in before.records} == {question_of(record) for record in after.records}
