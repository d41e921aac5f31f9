"""
What did not always give the same verdict, over all runs that are stored.

Only the same experiment under the same circumstances counts: the same id, target and machine, the same faults and promises, and the same options. Seeds may
differ: a test whose verdict hangs on the seed is as flaky as one that hangs on the weather. Repetitions and attempts all count, those that could not tell, too,
because a test that needs three attempts is one that somebody has to look at.

For each verdict one run is named with the line that replays it: the newest, whose circumstances are most likely still to be had.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.reports.record import ExperimentRecord, RunDocument
from fraiseql_chaos.reports.repetition import experiment_of, question_of
from fraiseql_chaos.reports.standing import STANDINGS, Standing
from fraiseql_chaos.reports.store import read_run
from fraiseql_chaos.stats import wilson
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["Flaky", "Seen", "flaky", "flaky_table", "stored_runs"]

_VARY: Final = re.compile(r"--(?:chaos-)?(?:seed|repeat|report|json|store|comparison)(?:=|$)|--html(?:=|$)")
"""Options that may differ between runs of the same configuration: what is asked and where it is written."""


_VARY_FLAGS: Final = frozenset({"--pcap", "--chaos-pcap"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How often an experiment stood one way, and the newest run in which it did."""

    standing: Standing
    count: int
    run: str
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    """
    An experiment that did not always stand the same way.

    Attributes:
        experiment: Its id.
        target: What it ran against, in words.
        tries: How often it was tried.
        runs: In how many runs.
        seen: How it stood, the worst first; at least two.
    """

    experiment: str
    target: str
    tries: int
    runs: int
    seen: tuple[Seen, ...]


def stored_runs(store: Path) -> tuple[list[tuple[str, RunDocument]], list[str]]:
    """
    Read all finished runs of a store, oldest first, and say which could not be read.

    Raises:
        HistoryError: If there is no such store.
    """
    if not store.is_dir():
        raise HistoryError(f"{store} is no directory, so no runs are stored there; nothing was counted")
    runs, unread = [], []
    for folder in sorted(entry for entry in store.iterdir() if entry.is_dir() and not entry.is_symlink() and (entry / "run.json").is_file()):
        try:
            runs.append((folder.name, read_run(folder)))
        except HistoryError as error:
            unread.append(str(error))
    runs.sort(key=lambda run: run[1].started)
    return runs, unread


def flaky(runs: Iterable[tuple[str, RunDocument]]) -> tuple[Flaky, ...]:
    """
    Return the experiments that did not always stand the same way.

    Args:
        runs: Their names and documents, oldest first.
    """
    tries: defaultdict[str, list[tuple[Standing, str, ExperimentRecord]]] = defaultdict(list)
    for name, document in runs:
        for record in document.experiments:
            key = _circumstances(record)
            tries[key] += [(attempt.verdict, name, record) for attempt in record.attempts[:-1]]
            tries[key].append((record.standing, name, record))
    return tuple(sorted(_unsteady(tries.values()), key=lambda found: (found.experiment, found.target)))


def flaky_table(found: Iterable[Flaky]) -> Iterator[str]:
    """Yield the list as text."""
    for each in found:
        yield f"{each.experiment}  ({each.target}; tried {each.tries} times in {each.runs} {'run' if each.runs == 1 else 'runs'})"
        for seen in each.seen:
            share = wilson(seen.count, each.tries)
            interval = f"{percent(round(share.low, 6))} to {percent(round(share.high, 6))}"
            yield f"  {seen.standing:<14}{seen.count:>4}  {interval:<20}  {seen.run}"
            yield f"  {'':<14}{seen.replay}"


def _unsteady(groups: Iterable[list[tuple[Standing, str, ExperimentRecord]]]) -> Iterator[Flaky]:
    for tries in groups:
        newest = {standing: (run, record) for standing, run, record in tries}
        if len(newest) == 1:
            continue
        counts = {standing: sum(each == standing for each, _, _ in tries) for standing in newest}
        seen = tuple(
            Seen(standing=standing, count=counts[standing], run=newest[standing][0], replay=newest[standing][1].replay)
            for standing in STANDINGS
            if standing in newest
        )
        record = tries[-1][2]
        yield Flaky(
            experiment=experiment_of(record.id),
            target=", ".join(f"{key} {value}" for key, value in record.target.items()),
            tries=len(tries),
            runs=len({run for _, run, _ in tries}),
            seen=seen,
        )


def _circumstances(record: ExperimentRecord) -> str:
    """Return everything that must be the same, as one text."""
    machine = record.machine.get("id") or record.machine
    return json.dumps([experiment_of(record.id), record.target, machine, question_of(record), _deciding(record.replay)], sort_keys=True)


def _deciding(replay: str) -> list[str]:
    """Return the words of a replay line that decide what is run."""
    words, kept = iter(shlex.split(replay)), []
    for word in words:
        if word in _VARY_FLAGS:
            continue
        if _VARY.match(word):
            if "=" not in word:
                next(words, None)
        elif "::" not in word:  # a test's id is known already, with its repetition
            kept.append(word)
    return sorted(kept)
