"""
One folder a run.

    .chaos/runs/20261122T060905Z-42/
        header.json              seed, replay, when: written first
        histories/<slug>.jsonl   one an attempt: written by the experiment
        pcaps/<slug>.near.pcap   what crossed a link, one an attempt and end, where that was asked for: written by the capture
        experiments/<slug>.json  one a test
        skipped/<slug>.json      one a test that could not run
        problems/<slug>.json     one a test that went wrong in another way than by a verdict
        run.json                 all of it in one document: written last, by ``collect``
    .chaos/runs/latest -> 20261122T060905Z-42        the last run that was collected and is not empty

Several processes may write into one folder at once, because no two write the same file: each test has its own, named after its id, and
each file appears whole or not at all. Only ``collect`` reads them together. Nothing is ever overwritten except ``run.json``, which
follows from the rest. Reading is strict: a file that is not exactly what this release writes is an error that names file and field.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import History, read_history
from fraiseql_chaos.measures import Measure, measure_from_json
from fraiseql_chaos.reports.record import PCAP_FOLDER, RUN_SCHEMA, Attempt, ExperimentRecord, Problem, RunDocument, Skip
from fraiseql_chaos.verdicts import Expectation, expectation_from_json, from_json, judge_all, to_json

__all__ = ["RunFolder", "read_run", "rejudge"]

_PARTS: Final = ("histories", "experiments", "skipped", "problems")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of a run before its first test."""

    schema: str
    seed: int
    replay: str
    started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """
    A run's folder; make one with ``create``, take part in one with ``join``, or open an existing one with ``open``.

    Attributes:
        path: The folder.
        header: What is known of the run as a whole.
    """

    path: Path
    header: Header

    @classmethod
    def create(cls, root: Path, *, seed: int, replay: str, started: datetime | None = None) -> Self:
        """
        Make a new folder that nobody else has.

        Args:
            root: Where runs are kept, as in ``.chaos/runs``; made if it is not there.
            seed: The run's seed.
            replay: The command line that repeats the run.
            started: When, with a time zone; now if None.

        Raises:
            HistoryError: If the folder cannot be made.
        """
        when = (started or datetime.now(UTC)).astimezone(UTC)
        header = Header(schema=RUN_SCHEMA, seed=seed, replay=replay, started=when.isoformat(timespec="seconds"))
        try:
            path = _fresh_folder(root, f"{when:%Y%m%dT%H%M%SZ}-{seed}")
            for part in _PARTS:
                (path / part).mkdir()
            _write(path / "header.json", header)
        except OSError as error:
            raise HistoryError(f"{root}: a run's folder cannot be made there: {error}; nothing was run") from error
        return cls(path=path, header=header)

    @classmethod
    def join(cls, path: Path, *, seed: int, replay: str, started: datetime) -> Self:
        """
        Make a folder that several processes agreed on, or take part in it if another was first.

        Args:
            path: The folder; all must give the same arguments.
            seed: The run's seed.
            replay: The command line that repeats the run.
            started: When, with a time zone.

        Raises:
            HistoryError: If the folder cannot be made.
        """
        when = started.astimezone(UTC)
        header = Header(schema=RUN_SCHEMA, seed=seed, replay=replay, started=when.isoformat(timespec="seconds"))
        try:
            for part in _PARTS:
                (path / part).mkdir(parents=True, exist_ok=True)
            _write(path / "header.json", header)
        except OSError as error:
            raise HistoryError(f"{path}: a run's folder cannot be made there: {error}; nothing was run") from error
        return cls(path=path.resolve(), header=header)

    @classmethod
    def open(cls, path: Path) -> Self:
        """
        Open the folder of a run that has begun, from this process or another.

        Raises:
            HistoryError: If it is not one, or of another format.
        """
        if not (path / "header.json").is_file():
            raise HistoryError(f"{path / 'header.json'} is missing, so this is not the folder of a run; name one below .chaos/runs")
        header = _read(Header, path / "header.json")
        if header.schema != RUN_SCHEMA:
            raise HistoryError(f"{path / 'header.json'}: schema: the run has the format {header.schema!r}; this release reads {RUN_SCHEMA!r}")
        return cls(path=path.resolve(), header=header)

    def remove_if_unused(self) -> None:
        """Take the folder back if nothing but its header is in it: a run that could not begin is none."""
        if [file for file in self.path.rglob("*") if not file.is_dir()] == [self.path / "header.json"]:
            shutil.rmtree(self.path)

    def history_path(self, experiment: str, *, attempt: int = 1) -> Path:
        """Return where the history of an experiment's n-th attempt belongs."""
        return self.path / "histories" / f"{_slug(experiment)}{f'.{attempt}' if attempt > 1 else ''}.jsonl"

    def pcap_stem(self, experiment: str, *, attempt: int = 1) -> Path:
        """Return what the captures of an experiment's n-th attempt are called, but for ``.near.pcap`` and ``.far.pcap``; their folder need not be there yet."""
        return self.path / PCAP_FOLDER / self.history_path(experiment, attempt=attempt).stem

    def relative(self, path: Path) -> str:
        """Return a path inside the folder as records write it."""
        return path.relative_to(self.path).as_posix()

    def add(self, record: ExperimentRecord) -> Path:
        """Store a test's record, whole or not at all, and return its file."""
        return _write(self.path / "experiments" / f"{_slug(record.id)}.json", record)

    def skip(self, experiment: str, reason: str) -> Path:
        """Store that a test did not run, and why."""
        return _write(self.path / "skipped" / f"{_slug(experiment)}.json", Skip(id=experiment, reason=reason))

    def problem(self, experiment: str, reason: str) -> Path:
        """Store that a test went wrong in another way than by a verdict, and how; so a run whose tests failed is never all green."""
        return _write(self.path / "problems" / f"{_slug(experiment)}.json", Problem(id=experiment, reason=reason))

    def records(self) -> tuple[ExperimentRecord, ...]:
        """Read all tests' records."""
        return tuple(_read(ExperimentRecord, path) for path in sorted((self.path / "experiments").glob("*.json")))

    def history(self, record: ExperimentRecord) -> History:
        """Read the history that a record was judged from."""
        return read_history(self._inside(record.history))

    def collect(self) -> RunDocument:
        """
        Put everything that was stored into one document, write it as ``run.json``, and point ``latest`` at the folder.

        A run in which nothing was even tried, because the service never came up, leaves ``latest`` where it was.

        Raises:
            HistoryError: If something cannot be read or written.
        """
        document = self._write_run(self.records())
        if document.experiments or document.skipped or document.problems:
            try:
                _point_latest_at(self.path)
            except OSError as error:
                raise HistoryError(f"{self.path.parent / 'latest'} cannot be moved: {error.strerror or error}; the run is stored") from error
        return document

    def _write_run(self, records: Iterable[ExperimentRecord]) -> RunDocument:
        skipped = [_read(Skip, path) for path in sorted((self.path / "skipped").glob("*.json"))]
        problems = [_read(Problem, path) for path in sorted((self.path / "problems").glob("*.json"))]
        document = RunDocument.of(records, skipped, problems, seed=self.header.seed, replay=self.header.replay, started=self.header.started)
        _write(self.path / "run.json", document)
        return document

    def _inside(self, relative: str) -> Path:
        """Return a history's file; a record that points out of its folder was not written by us."""
        path = (self.path / relative).resolve()
        if not path.is_relative_to(self.path.resolve()):
            raise HistoryError(f"{self.path}: the history {relative!r} lies outside of the run's folder, so it is not read")
        return path


def read_run(path: Path) -> RunDocument:
    """
    Read a ``run.json``, or the one in a run's folder.

    Raises:
        HistoryError: If it is missing, damaged or of another format; the message names file and field.
    """
    file = path / "run.json" if path.is_dir() else path
    raw = _load(file)
    if isinstance(raw, dict) and raw.get("schema") != RUN_SCHEMA:
        raise HistoryError(f"{file}: schema: the run has the format {raw.get('schema')!r}; this release reads {RUN_SCHEMA!r}")
    return _built(RunDocument, raw, file)


def rejudge(folder: RunFolder) -> RunDocument:
    """
    Read every history again, ask it the stored questions again, and write the answers.

    With the release that judged first, every file comes out the same to the byte. With another, the difference is what changed.

    Raises:
        HistoryError: If a record or a history cannot be read.
    """
    records = tuple(_rejudged(folder, record) for record in folder.records())
    for record in records:
        folder.add(record)
    # Not collect(): looking at an old run again does not make it the latest.
    return folder._write_run(folder.records())  # noqa: SLF001  same file


def _rejudged(folder: RunFolder, record: ExperimentRecord) -> ExperimentRecord:
    earlier = []
    for attempt in record.attempts[:-1]:
        judgement = judge_all(read_history(folder._inside(attempt.history)), record.expectations)  # noqa: SLF001  same file
        earlier.append(Attempt(history=attempt.history, verdict=judgement.verdict, reasons=judgement.reasons))
    history = folder.history(record)
    return ExperimentRecord.of(
        history,
        judge_all(history, record.expectations),
        path=record.history,
        title=record.title,
        expectations=record.expectations,
        claims=record.claims,
        weakness=record.weakness,
        earlier=earlier,
        measures={metric: measurement.measure for metric, measurement in record.measured.items()},
        baseline=record.baseline,
    )


def _slug(experiment: str) -> str:
    """Return a file name that people recognise and that no two ids share."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", experiment.rpartition("/")[2]).strip("-")
    return f"{words[-80:]}-{hashlib.blake2b(experiment.encode(), digest_size=4).hexdigest()}"


def _fresh_folder(root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        path = root.resolve() / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise AssertionError


def _point_latest_at(path: Path) -> None:
    """Replace the link in one step, so that whoever follows it meets the old run or the new one, never none."""
    beside = path.parent / f".latest-{path.name}-{os.getpid()}"
    beside.symlink_to(path.name)
    beside.replace(path.parent / "latest")


def _write(path: Path, value: Any) -> Path:
    """Write a dataclass as JSON under another name first, then give it its own: a file is whole or not there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(to_json(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise HistoryError(f"{path} cannot be written: {error.strerror or error}; the run's record would have holes") from error
    return path


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryError(f"{path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise HistoryError(f"{path}: not JSON ({error.msg} in line {error.lineno}); the file is damaged or cut short") from None


def _built[T](cls: type[T], raw: Any, path: Path) -> T:
    return from_json(cls, raw, str(path), {Expectation: expectation_from_json, Measure: measure_from_json})


def _read[T](cls: type[T], path: Path) -> T:
    return _built(cls, _load(path), path)
