"""
A baseline: what one service did in health, on one machine, in one configuration, at one time.

It is a yardstick only for the same machine, target and configuration. On anything else its numbers are true and irrelevant, so ``fits``
says what differs, and whoever judges refuses it or says aloud that it was used all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fraiseql_chaos.baselines.metric import Metric
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError

__all__ = ["BASELINE_SCHEMA", "AACheck", "Baseline"]

BASELINE_SCHEMA: Final = "fraiseql-chaos/baseline/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class AACheck:
    """
    The collection compared with itself, where every alarm is false: how far its own judgement can be trusted on this machine.

    Attributes:
        test: What compared, in words.
        level: The share of false alarms that the test allows.
        compared: How many metrics were compared.
        alarms: The metrics that it would have called changed.
        inconclusive: The metrics that it could not tell.
    """

    test: str
    level: float
    compared: int
    alarms: tuple[str, ...]
    inconclusive: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise DeclarationError(f"a level lies between 0 and 1, not at {self.level!r}; nothing was kept")
        if len({*self.alarms, *self.inconclusive}) != len(self.alarms) + len(self.inconclusive) or len(self.alarms) > self.compared:
            raise DeclarationError(f"{len(self.alarms)} alarms among {self.compared} metrics, or one twice; nothing was kept")

    @property
    def rate(self) -> float:
        """The share of the metrics compared that were false alarms."""
        return len(self.alarms) / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """
    What was measured, and everything that decides what it may be compared with.

    Attributes:
        schema: The file's format, ``BASELINE_SCHEMA``.
        created: When its collection began, ISO 8601 with offset.
        seed: What it derived its choices from.
        machine: What it ran on; ``id`` decides whether another one is the same.
        target: What was measured: the app and the releases of everything between HTTP and PostgreSQL.
        configuration: How it was set up and loaded.
        load_before, load_after: What else the machine was doing, just before and just after.
        metrics: What was measured, by name no metric twice.
        a_a: The comparison with itself; None if there were too few repetitions for one.
    """

    schema: str = BASELINE_SCHEMA
    created: str
    seed: int
    machine: JsonObject
    target: JsonObject
    configuration: JsonObject
    load_before: JsonObject
    load_after: JsonObject
    metrics: tuple[Metric, ...]
    a_a: AACheck | None

    def __post_init__(self) -> None:
        if self.schema != BASELINE_SCHEMA:
            raise DeclarationError(f"a baseline has the schema {BASELINE_SCHEMA!r}, not {self.schema!r}; nothing was compared with it")
        try:
            zoned = datetime.fromisoformat(self.created).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            raise DeclarationError(f"a baseline was created at a time with its offset, not {self.created!r}; nothing was compared with it")
        if not isinstance(self.machine.get("id"), str):
            raise DeclarationError("a baseline's machine has an id; nothing was compared with it")
        twice = [name for name, count in Counter(metric.name for metric in self.metrics).items() if count > 1]
        if twice:
            raise DeclarationError(f"a baseline has each metric once, but {', '.join(twice)} more often; nothing was compared with it")

    def metric(self, name: str) -> Metric | None:
        """Return a metric by its name; None if this baseline has none such."""
        return next((metric for metric in self.metrics if metric.name == name), None)

    def fits(self, machine: JsonObject, target: JsonObject, configuration: JsonObject) -> tuple[str, ...]:
        """
        Tell what keeps it from being a yardstick for what ran there.

        Args:
            machine: What ``experiment.machine`` says; only its ``id`` is compared.
            target: What is to be measured against it.
            configuration: How that is set up and loaded.

        Returns:
            What differs, one phrase each; empty if it fits.
        """
        other = machine.get("id")
        elsewhere = (f"machine {self.machine['id']}, not {other}",) if other != self.machine["id"] else ()
        return (*elsewhere, *_differences("target", self.target, target), *_differences("configuration", self.configuration, configuration))


def _differences(what: str, mine: JsonObject, other: JsonObject) -> Iterator[str]:
    """Yield where two objects differ, mine first."""
    for key in sorted({*mine, *other}):
        if key not in other or key not in mine or mine[key] != other[key]:
            yield f"{what} {key} {mine.get(key, 'absent')}, not {other.get(key, 'absent')}"
