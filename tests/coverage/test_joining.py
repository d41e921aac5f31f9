"""What counts as covered: a verdict, of a test that names the claim, and numbers where the plan wants numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fraiseql_chaos.coverage import Claim, CollectedTest, Row, join
from fraiseql_chaos.coverage.joining import open_first
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.measures import Measurement, time_to_detect
from fraiseql_chaos.reports import ExperimentRecord, Problem, RunDocument, read_run
from sample_run import sample_run

REFUSED = "network/test_db_connection_chaos.py::TestDatabaseConnection::test_connection_refused"
UNSEEN = "network/test_packet_loss_chaos.py::test_loss_of_one_percent"
UNCLEAR = "database/test_query_chaos.py::test_errors_give_nothing_away"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDocument:
    return read_run(sample_run(tmp_path_factory.mktemp("run")).path)


def claim(name: str) -> Claim:
    return Claim(id=name, kind="metric" if ".m" in name else "claim", title="Some scenario", text="Something is so")


def only(run: RunDocument | None, name: str, *tests: CollectedTest) -> Row:
    [row] = join([claim(name)], tests, run)
    return row


def test_a_claim_without_a_test_is_open(run: RunDocument) -> None:
    assert only(run, "1.1.1a").open_because == "no test"


def test_a_claim_is_covered_by_a_test_that_came_to_a_verdict(run: RunDocument) -> None:
    """Found although the run was rooted above the suite."""
    row = only(run, "1.1.1a", CollectedTest(id=REFUSED, claims=("1.1.1a",)))
    assert [(test.id, test.standing) for test in row.tests] == [(REFUSED, "held")]
    assert row.open_because == ""


def test_a_known_weakness_covers_as_well(run: RunDocument) -> None:
    row = only(run, "2.1.2b", CollectedTest(id=UNCLEAR, claims=("2.1.2b",), weakness="W-007"))
    assert (row.tests[0].standing, row.open_because) == ("weakness", "")


def test_what_could_not_tell_covers_nothing(run: RunDocument) -> None:
    assert only(run, "1.3.1a", CollectedTest(id=UNSEEN, claims=("1.3.1a",))).open_because == "inconclusive"


def test_without_a_run_nothing_is_covered() -> None:
    assert only(None, "1.1.1a", CollectedTest(id=REFUSED, claims=("1.1.1a",))).open_because == "not run"


def test_a_skipped_test_covers_nothing(run: RunDocument) -> None:
    assert only(run, "1.3.1a", CollectedTest(id="network/test_packet_loss_chaos.py::test_netem", claims=("1.3.1a",))).open_because == "skipped"


def test_a_mark_that_was_written_after_the_run_is_not_covered_by_it(run: RunDocument) -> None:
    """The record says what its test named when it ran."""
    assert only(run, "1.1.4a", CollectedTest(id=REFUSED, claims=("1.1.4a",))).open_because == "not run"


def test_a_test_that_failed_otherwise_covers_nothing(run: RunDocument) -> None:
    wrong = replace(run, problems=(Problem(id=f"tests/chaos/{REFUSED}", reason="in its teardown: no"),))
    assert only(wrong, "1.1.1a", CollectedTest(id=REFUSED, claims=("1.1.1a",))).open_because == "problem"


def test_a_metric_that_nobody_measured_is_open(run: RunDocument) -> None:
    """The verdict is about the claims, and says nothing about how much."""
    named = _with_claims(run, REFUSED, "1.1.1.m1")
    assert only(named, "1.1.1.m1", CollectedTest(id=REFUSED, claims=("1.1.1.m1",))).open_because == "not measured"


def test_a_metric_is_covered_by_numbers_beside_a_verdict(run: RunDocument) -> None:
    """A measurement without numbers says why there are none; numbers without a verdict are of a run that shows nothing."""
    test = CollectedTest(id=REFUSED, claims=("1.1.1.m1",))
    measured = Measurement(measure=time_to_detect(), numbers={"detect_ms": 3}, statement="noticed after 3 ms")
    empty = replace(measured, numbers={}, statement="no fault was armed")
    named = _with_claims(run, REFUSED, "1.1.1.m1")
    assert only(_measured(named, REFUSED, measured), "1.1.1.m1", test).open_because == ""
    assert only(_measured(named, REFUSED, empty), "1.1.1.m1", test).open_because == "not measured"
    unseen = _measured(_with_claims(run, UNSEEN, "1.1.1.m1"), UNSEEN, measured)
    assert only(unseen, "1.1.1.m1", CollectedTest(id=UNSEEN, claims=("1.1.1.m1",))).open_because == "inconclusive"


def test_the_name_of_one_test_is_not_the_end_of_anothers(run: RunDocument) -> None:
    """``a/test_x.py`` is not ``test_x.py`` of a folder that ends in the same letters."""
    assert only(run, "1.1.1a", CollectedTest(id=REFUSED.removeprefix("net"), claims=("1.1.1a",))).open_because == "not run"


def test_of_repetitions_and_further_recordings_the_worst_counts(run: RunDocument) -> None:
    violated = next(record for record in run.experiments if record.verdict == "violated")
    held = next(record for record in run.experiments if record.id.endswith(REFUSED))
    again = replace(violated, id=f"tests/chaos/{REFUSED}[repeat-2-of-2]", claims=held.claims)
    once = replace(held, id=f"tests/chaos/{REFUSED}[repeat-1-of-2]")
    test = CollectedTest(id=REFUSED, claims=("1.1.1a",))
    assert only(replace(run, experiments=(once, again)), "1.1.1a", test).tests[0].standing == "violated"
    further = replace(violated, id=f"tests/chaos/{REFUSED}#2", claims=held.claims)
    assert only(replace(run, experiments=(held, further)), "1.1.1a", test).tests[0].standing == "violated"
    assert only(replace(run, experiments=(held,)), "1.1.1a", test).tests[0].standing == "held"


def test_an_id_that_the_plan_does_not_have_is_an_error_that_names_test_and_id(run: RunDocument) -> None:
    with pytest.raises(DeclarationError, match=r"test_connection_refused names the claim '1\.1\.9z': the plan has no such claim"):
        join([claim("1.1.1a")], [CollectedTest(id=REFUSED, claims=("1.1.1a", "1.1.9z"))], run)


def test_open_claims_come_first_and_both_halves_stay_in_order(run: RunDocument) -> None:
    rows = join([claim(name) for name in ("1.1.1a", "1.1.1c", "1.1.1b", "1.1.1d")], [CollectedTest(id=REFUSED, claims=("1.1.1a", "1.1.1b"))], run)
    assert [row.claim.id for row in open_first(rows)] == ["1.1.1c", "1.1.1d", "1.1.1a", "1.1.1b"]


def _with_claims(run: RunDocument, test: str, *claims: str) -> RunDocument:
    def changed(record: ExperimentRecord) -> ExperimentRecord:
        return replace(record, claims=claims) if record.id.endswith(test) else record

    return replace(run, experiments=tuple(map(changed, run.experiments)))


def _measured(run: RunDocument, test: str, measurement: Measurement) -> RunDocument:
    def changed(record: ExperimentRecord) -> ExperimentRecord:
        return replace(record, measured={"1.1.1.m1": measurement}) if record.id.endswith(test) else record

    return replace(run, experiments=tuple(map(changed, run.experiments)))


def test_the_sample_is_what_these_tests_take_it_for(tmp_path: Path) -> None:
    """Were a test renamed there, half of what is said here would be said about nothing."""
    ids = {record.id for record in read_run(sample_run(tmp_path).path).experiments}
    assert {f"tests/chaos/{name}" for name in (REFUSED, UNSEEN, UNCLEAR)} < ids
