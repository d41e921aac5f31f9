"""A card says everything about one weakness: what is broken, on which service, and how to see it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fraiseql_chaos.reports import ExperimentRecord, read_run
from fraiseql_chaos.reports.weaknesses import weakness_cards
from sample_run import KNOWN, sample_run

TEST = "tests/chaos/database/test_query_chaos.py::test_errors_give_nothing_away"


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> ExperimentRecord:
    """A record that met its weakness, on the stock service."""
    run = read_run(sample_run(tmp_path_factory.mktemp("run")).path)
    return replace(next(record for record in run.experiments if record.weakness), id=f"{TEST}[stock]")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> ExperimentRecord:
    """A record of the same test that held, on the hardened service."""
    run = read_run(sample_run(tmp_path_factory.mktemp("run")).path)
    return replace(next(record for record in run.experiments if record.verdict == "held"), id=f"{TEST}[hardened]")


def test_both_services_are_one_line_of_the_card(weak: ExperimentRecord, held: ExperimentRecord) -> None:
    [card] = weakness_cards([held, weak])
    [witness] = card.witnesses
    assert (card.weakness, card.is_met, card.replay) == (KNOWN, True, weak.replay)
    assert witness.test == TEST
    assert (witness.stock.standing, witness.stock.record) == ("weakness", f"{TEST}[stock]")
    assert witness.hardened is not None
    assert (witness.hardened.standing, witness.hardened.record) == ("held", f"{TEST}[hardened]")


def test_other_parameters_stay_and_only_their_own_service_is_paired(weak: ExperimentRecord, held: ExperimentRecord) -> None:
    """``stockade`` is a parameter like any other."""
    records = [replace(weak, id=f"{TEST}[stockade-stock-1]"), replace(held, id=f"{TEST}[stockade-hardened-1]"), replace(held, id=f"{TEST}[hardened]")]
    [witness] = weakness_cards(records)[0].witnesses
    assert witness.hardened is not None
    assert witness.hardened.record == f"{TEST}[stockade-hardened-1]"


def test_of_repetitions_the_worst_is_shown(weak: ExperimentRecord, held: ExperimentRecord) -> None:
    late = replace(weak, id=f"{TEST}[stock-repeat-2-of-2]", weakness=KNOWN, verdict="inconclusive")
    good = [replace(held, id=f"{TEST}[hardened-repeat-{number}-of-2]") for number in (1, 2)]
    [card] = weakness_cards([replace(weak, id=f"{TEST}[stock-repeat-1-of-2]"), late, *good])
    [witness] = card.witnesses
    assert (card.is_met, witness.test, witness.stock.standing, witness.stock.record) == (True, TEST, "inconclusive", late.id)


def test_an_entry_that_was_not_met_has_a_card_that_says_so(weak: ExperimentRecord) -> None:
    """The register is out of date then, and the reader of the report must see which entry."""
    [card] = weakness_cards([replace(weak, verdict="held")])
    assert not card.is_met
    assert card.witnesses[0].hardened is None


def test_cards_are_sorted_and_their_tests_too(weak: ExperimentRecord) -> None:
    other = replace(KNOWN, id="W-001")
    records = [weak, replace(weak, id="z[stock]", weakness=other), replace(weak, id="a[stock]", weakness=other)]
    cards = weakness_cards(records)
    assert [(card.weakness.id, [witness.test for witness in card.witnesses]) for card in cards] == [("W-001", ["a", "z"]), ("W-007", [TEST])]


def test_a_run_that_names_no_weakness_has_no_cards(held: ExperimentRecord) -> None:
    assert weakness_cards([held]) == ()


def test_a_run_of_before_there_were_causes_is_read() -> None:
    """An earlier release wrote neither evidence nor cause."""
    earlier = Path(__file__).parent / "earlier_run" / "run.json"
    [card] = weakness_cards(read_run(earlier).experiments)
    assert (card.weakness.evidence, card.weakness.cause) == ("", "")
