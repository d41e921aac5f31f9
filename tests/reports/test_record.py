"""What a run says about itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fraiseql_chaos.history import FaultHit
from fraiseql_chaos.history.query import FaultRecord
from fraiseql_chaos.reports import Attempt, ExperimentRecord, RunDocument, Skip, Weakness
from fraiseql_chaos.reports.record import FaultSummary
from fraiseql_chaos.verdicts import availability, judge_all
from histories import Scene, outage
from sample_run import KNOWN, sample_run

EXPLAINS = replace(KNOWN, violates=("availability",))


def _record(scene: Scene, weakness: Weakness | None = None, at_least: float = 0.5) -> ExperimentRecord:
    history, asked = scene.history(), [availability(at_least=at_least)]
    return ExperimentRecord.of(history, judge_all(history, asked), path="histories/a.jsonl", title="It holds", expectations=asked, weakness=weakness)


def test_a_record_carries_the_fault_with_its_times_and_evidence() -> None:
    (fault,) = _record(outage()).faults

    assert (fault.type, fault.layer, fault.fidelity, fault.failure_type, fault.target) == (
        "refuse",
        "stream",
        "kernel",
        "database_unavailable",
        "database",
    )
    assert (fault.armed_at_s, fault.healed_at_s) == (2.002, 4.0)
    assert [(e.count, e.independent, e.shows) for e in fault.evidence] == [(7, False, "fault"), (12, True, "fault"), (9, True, "reach")]


def test_a_violation_that_names_a_weakness_stands_as_one_and_is_not_violated_for_it() -> None:
    known, unknown = _record(outage(), EXPLAINS, at_least=0.99), _record(outage(), at_least=0.99)

    assert (known.verdict, known.standing) == ("violated", "weakness")
    assert (unknown.verdict, unknown.standing) == ("violated", "violated")


def test_a_weakness_excuses_nothing_but_what_it_says_it_breaks() -> None:
    """Another promise, a wrong answer or a crash beside it is news."""
    other = _record(outage(), KNOWN, at_least=0.99)
    wrong = _record(outage().request(5000, 4, outcome="fail", cause="wrong_answer"), EXPLAINS, at_least=0.99)

    assert (other.standing, wrong.standing) == ("violated", "violated")


def test_a_weakness_that_was_not_seen_says_so_and_an_inconclusive_one_does_not() -> None:
    seen_no_more, untold = _record(outage(), KNOWN), _record(outage().stall(1, 900), KNOWN)

    assert (seen_no_more.standing, seen_no_more.is_outdated_weakness) == ("held", True)
    assert (untold.standing, untold.is_outdated_weakness) == ("inconclusive", False)


def test_the_last_attempt_is_the_record_and_the_ones_before_are_kept() -> None:
    history = outage().history()
    judgement = judge_all(history, [])
    before = Attempt(history="histories/a.jsonl", verdict="inconclusive", reasons=("instrument: late",))
    record = ExperimentRecord.of(history, judgement, path="histories/a.2.jsonl", title="t", expectations=[], earlier=[before])

    assert record.attempts == (before, Attempt(history="histories/a.2.jsonl", verdict="held", reasons=()))


def test_totals_add_up_and_keep_weakness_and_skipped_apart(tmp_path: Path) -> None:
    totals = sample_run(tmp_path).collect().totals

    assert (totals.run, totals.held, totals.violated, totals.inconclusive, totals.weakness, totals.skipped) == (6, 2, 2, 1, 1, 2)


def test_a_run_says_of_its_target_only_what_all_its_tests_agree_on() -> None:
    one = _record(outage("a"))
    other = ExperimentRecord(
        **{name: getattr(one, name) for name in one.__dataclass_fields__} | {"id": "b", "target": one.target | {"service": "hardened"}}
    )
    document = RunDocument.of([other, one], [Skip(id="z", reason="r")], seed=1, replay="x", started="2026-01-01T00:00:00+00:00")

    assert [record.id for record in document.experiments] == ["a", "b"]
    assert "service" not in document.target
    assert document.target["fraiseql"] == "1.9.16"


@pytest.mark.parametrize("scene", [outage(), Scene().answers(0, 1000), Scene()])
def test_a_record_can_be_made_of_any_whole_history(scene: Scene) -> None:
    assert _record(scene).metrics.overall.requests == scene.requests


def test_what_a_fault_did_is_listed_in_words_and_only_the_first_of_it() -> None:
    chunk = FaultHit(fault="0-x", at_ns=1_500_000_000, connection=0, direction="down", ordinal=16, bytes=96, decision="delayed")
    message = FaultHit(
        fault="0-x",
        at_ns=2_000_000_000,
        connection=2,
        direction="up",
        ordinal=4,
        bytes=40,
        decision="cut before it",
        message="Query",
        sql="SELECT\n 1",
        delivered=False,
        answered="57P01",
    )
    declared = outage().history().faults[0].declared
    summary = FaultSummary.of(FaultRecord(declared=declared, armed=None, healed=None, evidence=(), hits=(chunk, message) * 20))
    assert summary.hits[:2] == (
        "1.500 s, connection 1, to the service: chunk 17 (96 bytes): delayed",
        "2.000 s, connection 3, to the server: Query number 5 of SELECT 1 (40 bytes): cut before it, not delivered, answered 57P01",
    )
    assert len(summary.hits) == 8
