"""
A finished history, and the questions that judges and reports ask of it.

A ``History`` is a value: the events in the order written, plus the answers that follow from them. Reading one checks that it is whole;
a history that is not whole is an error, never a shorter history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history.codec import decode
from fraiseql_chaos.history.events import (
    SCHEMA,
    Begin,
    End,
    Event,
    Evidence,
    FaultArmed,
    FaultDeclared,
    FaultHealed,
    FaultHit,
    LoadPlanned,
    Operation,
    Sample,
    Shows,
)

__all__ = ["FaultRecord", "History", "read_history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecord:
    """Everything a history says about one fault."""

    declared: FaultDeclared
    armed: FaultArmed | None
    healed: FaultHealed | None
    evidence: tuple[Evidence, ...]
    hits: tuple[FaultHit, ...] = ()

    @property
    def bit(self) -> bool:
        """Whether witnesses other than the injector saw the fault happen, and saw the service under it: a fault that missed it is none."""
        return self.is_shown("fault") and self.is_shown("reach")

    def is_shown(self, what: Shows) -> bool:
        """Tell whether at least one witness other than the injector saw this half of it."""
        return any(e.independent and e.count > 0 and e.shows == what for e in self.evidence)


@dataclass(frozen=True)
class History:
    """
    What happened in one experiment.

    Args:
        events: All events, ``Begin`` first and ``End`` last.

    Raises:
        HistoryError: If the first or last event is missing, or the count in the last one is wrong.
    """

    events: tuple[Event, ...]

    def __post_init__(self) -> None:
        if not self.events or not isinstance(self.events[0], Begin):
            raise HistoryError("a history begins with a 'begin' event; this one does not, so its head is missing")
        last = self.events[-1]
        if not isinstance(last, End):
            raise HistoryError("a history ends with an 'end' event; this one does not, so the run was cut short and may not be judged")
        if last.events != len(self.events) - 1:
            raise HistoryError(f"a history of {last.events} events holds {len(self.events) - 1}: lines were lost or added")

    @cached_property
    def begin(self) -> Begin:
        """The first event."""
        first = self.events[0]
        assert isinstance(first, Begin)
        return first

    @cached_property
    def end_ns(self) -> int:
        """When the record ends, in nanoseconds since its origin."""
        last = self.events[-1]
        assert isinstance(last, End)
        return last.at_ns

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every request of the load, in the order planned."""
        return tuple(sorted(self.of(Operation), key=lambda operation: operation.ordinal))

    @cached_property
    def load(self) -> LoadPlanned | None:
        """What the load generator was told, if there was a load."""
        return next(self.of(LoadPlanned), None)

    @cached_property
    def faults(self) -> tuple[FaultRecord, ...]:
        """Every fault of the plan, in the order declared."""
        return tuple(
            FaultRecord(
                declared=declared,
                armed=next((e for e in self.of(FaultArmed) if e.fault == declared.fault), None),
                healed=next((e for e in self.of(FaultHealed) if e.fault == declared.fault), None),
                evidence=tuple(e for e in self.of(Evidence) if e.fault == declared.fault),
                hits=tuple(e for e in self.of(FaultHit) if e.fault == declared.fault),
            )
            for declared in self.of(FaultDeclared)
        )

    def samples(self, probe: str) -> tuple[Sample, ...]:
        """Every look of one probe, in time order."""
        return tuple(sorted((s for s in self.of(Sample) if s.probe == probe), key=lambda s: s.at_ns))

    def of[E: Event](self, kind: type[E]) -> Iterator[E]:
        """Iterate over the events of one class, in the order written."""
        return (event for event in self.events if isinstance(event, kind))


def read_history(path: Path) -> History:
    """
    Read a stored history, whole or not at all.

    Raises:
        HistoryError: If the file cannot be read, is damaged, cut short, or of another format; the message names file and line.
    """
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            events = tuple(_decoded(lines, path))
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryError(f"{path} cannot be read as a history: {error}") from error
    try:
        history = History(events)
    except HistoryError as error:
        raise HistoryError(f"{path}, after line {len(events)}: {error}") from None
    if history.begin.schema != SCHEMA:
        raise HistoryError(f"{path} has the format {history.begin.schema!r}; this release reads {SCHEMA!r}")
    return history


def _decoded(lines: Iterable[str], path: Path) -> Iterator[Event]:
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            raise HistoryError(f"{path}, line {number}: cut short; the run ended, or the disk filled, while it was written")
        yield decode(line, where=f"{path}, line {number}")
