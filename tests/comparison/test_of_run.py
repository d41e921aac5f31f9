"""A run against a baseline: what no fault touched is compared with what was measured in health."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from baselines_made import metric
from compared_made import TEST, repeated, run_of, scene
from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.comparison import Comparison, compare_run_with_baseline
from fraiseql_chaos.comparison.wording import notes
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.reports import RunDocument
from histories import Scene

BY_ID = "query.by_id.c1.latency_p50"


def run(tmp_path: Path, *scenes: Scene) -> tuple[RunDocument, list[History]]:
    """Return a run and its histories."""
    folder, document = run_of(tmp_path, *scenes)
    return document, [folder.history(record) for record in document.experiments]


def yardstick(document: RunDocument, by_id_ms: float = 4.0) -> Baseline:
    """Return a baseline of the machine and target of a run."""
    machine: JsonObject = {"id": "0123456789abcdef"}
    return Baseline(
        created="2026-01-02T03:04:05+00:00",
        seed=7,
        machine=machine,
        target=document.target,
        configuration={},
        load_before={},
        load_after={},
        metrics=(metric(BY_ID, repeated(by_id_ms, 1)), metric("pool.checkout", repeated(1, 2))),
        a_a=None,
    )


def compared(tmp_path: Path, *scenes: Scene, by_id_ms: float = 4.0) -> Comparison:
    """Compare a run of these scenes with a baseline of the same machine."""
    document, histories = run(tmp_path, *scenes)
    document = replace(document, machine={"id": "0123456789abcdef"})
    return compare_run_with_baseline(yardstick(document, by_id_ms), document, histories)


def test_a_service_that_got_slower_is_seen_before_any_fault(tmp_path: Path) -> None:
    found = compared(tmp_path, *[scene(seed=n, took_ms=16) for n in range(1, 7)])
    (row,) = found.rows
    assert (row.name, row.outcome, row.old_repetitions, row.new_repetitions) == (BY_ID, "worse", 10, 6)
    assert row.percent == pytest.approx(300, abs=30)
    assert found.only_old == ("pool.checkout",)


def test_what_a_fault_did_is_no_regression(tmp_path: Path) -> None:
    """Method: requests during the fault, and after it, take ten times as long."""
    scenes = []
    for n in range(1, 7):
        made = Scene(experiment=TEST, seed=n).load(350).fault(2000, 4000)
        scenes.append(made.answers(0, 1900).answers(2000, 7000, took_ms=40))
    (row,) = compared(tmp_path, *scenes).rows
    assert row.outcome in {"equal", "unsure"}
    assert row.percent == pytest.approx(0, abs=5)


def test_a_factor_that_the_instrument_alone_may_make_does_not_count(tmp_path: Path) -> None:
    """The plan's tolerance of two: half as long again is within it, and shown to be."""
    found = compared(tmp_path, *[scene(seed=n, took_ms=6) for n in range(1, 7)])
    assert (found.tolerance, found.rows[0].outcome) == (100, "equal")
    assert any("one question after another" in note for note in notes(found))


def test_one_experiment_is_one_repetition_however_many_requests_it_has(tmp_path: Path) -> None:
    (row,) = compared(tmp_path, scene(took_ms=80)).rows
    assert (row.outcome, row.new_repetitions) == ("unsure", 1)
    assert "described and not tested" in row.reason


def test_an_experiment_with_few_answers_before_its_fault_says_nothing(tmp_path: Path) -> None:
    made = Scene(experiment=TEST).load(350).fault(60, 4000).answers(0, 40).answers(4000, 7000)
    assert compared(tmp_path, made).rows == ()


def test_a_foreign_baseline_is_refused_unless_allowed_and_then_said(tmp_path: Path) -> None:
    document, histories = run(tmp_path, scene())
    with pytest.raises(
        DeclarationError, match=r"no yardstick for this run: machine 0123456789abcdef, not .*--foreign-baseline.*; nothing was compared"
    ):
        compare_run_with_baseline(yardstick(document), document, histories)
    found = compare_run_with_baseline(yardstick(document), document, histories, allow_foreign=True)
    assert found.foreign
    assert found.differs[0].startswith("machine 0123456789abcdef, not ")
