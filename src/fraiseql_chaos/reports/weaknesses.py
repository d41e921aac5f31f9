"""
What a run says about each entry of the weakness register that its tests name: one card an entry, understandable on its own.

A test that names an entry runs on the stock service, where it must be violated, and on the hardened one, where the entry's remedy must help. The two are
one line of the card: their ids differ in one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.reports.record import ExperimentRecord, Weakness
from fraiseql_chaos.reports.repetition import experiment_of
from fraiseql_chaos.reports.standing import STANDINGS, Standing

__all__ = ["Card", "Variant", "Witness", "weakness_cards"]

_STOCK: Final = re.compile(r"(?<=[\[-])stock(?=[\]-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a test stands on one of the two services: over its repetitions the worst, and the record that says so."""

    standing: Standing
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A test that names an entry, without the part of its id that says on which service; None where it did not run."""

    test: str
    stock: Variant
    hardened: Variant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    An entry of the register in one run.

    Attributes:
        weakness: The entry, as the tests read it.
        witnesses: The tests that name it, sorted.
        is_met: Whether any of them was violated as the entry says.
        replay: The command that shows it again, with the seed of this run.
    """

    weakness: Weakness
    witnesses: tuple[Witness, ...]
    is_met: bool
    replay: str


def weakness_cards(records: Iterable[ExperimentRecord]) -> tuple[Card, ...]:
    """Return a card for each entry that a test of the run names, by its id."""
    run: dict[str, list[ExperimentRecord]] = {}
    for record in records:
        run.setdefault(experiment_of(record.id), []).append(record)
    named: dict[str, list[str]] = {}
    for test, group in run.items():
        if group[0].weakness is not None:
            named.setdefault(group[0].weakness.id, []).append(test)
    return tuple(_card(run, tests) for _, tests in sorted(named.items()))


def _card(run: dict[str, list[ExperimentRecord]], tests: list[str]) -> Card:
    records = [record for test in sorted(tests) for record in run[test]]
    shown = next((record for record in records if record.standing == "weakness"), records[0])
    assert shown.weakness is not None
    return Card(
        weakness=shown.weakness,
        witnesses=tuple(_witness(run, test) for test in sorted(tests)),
        is_met=shown.standing == "weakness",
        replay=shown.replay,
    )


def _witness(run: dict[str, list[ExperimentRecord]], test: str) -> Witness:
    other = _STOCK.sub("hardened", test, count=1)
    return Witness(
        test=_STOCK.sub("", test, count=1).replace("[]", ""),
        stock=_variant(run[test]),
        hardened=_variant(run[other]) if other != test and other in run else None,
    )


def _variant(records: list[ExperimentRecord]) -> Variant:
    worst = min(records, key=lambda record: STANDINGS.index(record.standing))
    return Variant(standing=worst.standing, record=worst.id)
