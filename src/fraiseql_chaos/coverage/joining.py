"""
Which test speaks to which claim, and what it said last.

A claim is covered if a test that names it came to a verdict: held, violated, or violated by a known weakness. One that could not tell, did not run, or
failed in another way than by a verdict covers nothing. A metric is covered only if such a test also measured it; a test that names a metric and measures
nothing says nothing about it. A record counts for what the test named when it ran, and not for what was written behind it since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.coverage.claims import Claim
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports import ExperimentRecord, RunDocument, Standing
from fraiseql_chaos.reports.repetition import experiment_of
from fraiseql_chaos.reports.standing import STANDINGS

__all__ = ["CollectedTest", "Row", "TestStanding", "join", "open_first"]

_FURTHER_RECORDING: Final = re.compile(r"#\d+$")
_CONCLUSIVE: Final = frozenset[str]({"violated", "weakness", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedTest:
    """
    A test of the suite, as pytest finds it.

    Attributes:
        id: Its id, relative to the suite's folder.
        claims: What of the plan it names.
        weakness: The entry of the weakness register that it names, on whichever variant of the service; empty if none.
    """

    id: str
    claims: tuple[str, ...] = ()
    weakness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStanding:
    """
    What a test said about one claim, last.

    Attributes:
        id: The test.
        standing: How it stands; over repetitions, the worst.
        measured: Whether it measured the claim, if that is a metric.
    """

    __test__ = False

    id: str
    standing: Standing | Literal["problem", "skipped", "not run"]
    measured: bool

    @property
    def is_conclusive(self) -> bool:
        """Whether it came to a verdict that shows something."""
        return self.standing in _CONCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim with the tests that name it, in the order they were collected."""

    claim: Claim
    tests: tuple[TestStanding, ...]

    @property
    def open_because(self) -> str:
        """Why nothing is known about it, in a word or two; empty if something is."""
        conclusive = [test for test in self.tests if test.is_conclusive]
        if not self.tests:
            return "no test"
        if not conclusive:
            return ", ".join(dict.fromkeys(test.standing for test in self.tests))
        return "not measured" if self.claim.kind == "metric" and not any(test.measured for test in conclusive) else ""


def join(claims: Iterable[Claim], tests: Iterable[CollectedTest], run: RunDocument | None) -> tuple[Row, ...]:
    """
    Return a row for each claim, in the order of the plan.

    Args:
        claims: The whole plan; a filter comes afterwards, or its claims would be taken for unknown ones.
        tests: The suite.
        run: The run whose verdicts count; None for none.

    Raises:
        DeclarationError: If a test names something that is not in the plan; the message names test and id.
    """
    plan, suite = tuple(claims), tuple(tests)
    known = {claim.id for claim in plan}
    wrong = [f"{test.id} names the claim {name!r}" for test in suite for name in test.claims if name not in known]
    if wrong:
        raise DeclarationError(f"{'; '.join(dict.fromkeys(wrong))}: the plan has no such claim; nothing was looked up")
    return tuple(Row(claim=claim, tests=tuple(_standing(test, claim, run) for test in suite if claim.id in test.claims)) for claim in plan)


def _standing(test: CollectedTest, claim: Claim, run: RunDocument | None) -> TestStanding:
    if run is None:
        return TestStanding(id=test.id, standing="not run", measured=False)
    records = [record for record in run.experiments if _is_of(record.id, test) and claim.id in record.claims]
    measured = bool(records) and all(_has_measured(record, claim) for record in records)
    if any(_is_of(problem.id, test) for problem in run.problems):
        return TestStanding(id=test.id, standing="problem", measured=measured)
    if not records:
        skipped = any(_is_of(skip.id, test) for skip in run.skipped)
        return TestStanding(id=test.id, standing="skipped" if skipped else "not run", measured=False)
    return TestStanding(id=test.id, standing=min((record.standing for record in records), key=STANDINGS.index), measured=measured)


def _has_measured(record: ExperimentRecord, claim: Claim) -> bool:
    """Tell whether there are numbers; a measurement without any says only why there are none."""
    found = record.measured.get(claim.id)
    return found is not None and bool(found.numbers)


def _is_of(recorded: str, test: CollectedTest) -> bool:
    """Tell whether a record is a test's: where the run was rooted above the suite, the id begins with the way there."""
    name = experiment_of(_FURTHER_RECORDING.sub("", recorded))
    return name == test.id or name.endswith(f"/{test.id}")


def open_first(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the open ones first, both halves in the order of the plan."""
    yield from sorted(rows, key=lambda row: not row.open_because)
