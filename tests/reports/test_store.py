"""One folder a run: exclusive, whole, strict, and judged again to the same byte."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.reports import ExperimentRecord, RunFolder, read_run, rejudge
from fraiseql_chaos.verdicts import judge_all
from histories import outage, store
from sample_run import STARTED, sample_run


def _fresh(root: Path) -> RunFolder:
    return RunFolder.create(root, seed=42, replay="pytest", started=STARTED)


def test_a_run_has_a_folder_of_its_own_and_latest_is_the_last_one(tmp_path: Path) -> None:
    folders = [_fresh(tmp_path / "runs") for _ in range(3)]
    for folder in folders:
        folder.skip("test_a", "no reason")
        folder.collect()

    assert [folder.path.name for folder in folders] == ["20261122T060905Z-42", "20261122T060905Z-42-2", "20261122T060905Z-42-3"]
    assert (tmp_path / "runs" / "latest").readlink() == Path("20261122T060905Z-42-3")
    assert RunFolder.open(tmp_path / "runs" / "latest") == folders[-1]


def test_latest_is_never_a_run_of_nothing_nor_an_old_one_that_was_looked_at_again(tmp_path: Path) -> None:
    old, new = sample_run(tmp_path), sample_run(tmp_path)
    _fresh(tmp_path).collect()
    assert (tmp_path / "latest").resolve() == new.path

    rejudge(old)
    assert (tmp_path / "latest").resolve() == new.path


def test_what_was_stored_is_what_is_read(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)

    assert read_run(folder.path) == read_run(tmp_path / "latest" / "run.json") == folder.collect()


def test_several_processes_write_into_one_folder(tmp_path: Path) -> None:
    folder = _fresh(tmp_path)
    code = "import sys, pathlib, sample_run; [sample_run.add_outage(pathlib.Path(sys.argv[1]), name) for name in sys.argv[2:]]"
    names = [f"tests/test_a.py::test_{number}" for number in range(8)]
    python = [sys.executable, "-c", code, str(folder.path)]
    writers = [subprocess.Popen([*python, *names[half::2]], env={"PYTHONPATH": str(Path(__file__).parents[1])}) for half in (0, 1)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]

    assert folder.collect().totals.held == 8
    assert list(folder.path.rglob(".*")) == []


def test_names_that_look_alike_as_files_do_not_collide(tmp_path: Path) -> None:
    folder = _fresh(tmp_path)

    assert folder.history_path("test_a[x/y]") != folder.history_path("test_a[x y]")
    assert folder.history_path("a", attempt=2) != folder.history_path("a")
    assert len(folder.history_path("a" * 500).name) < 120


def test_judging_again_gives_the_same_files_to_the_byte(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)
    before = {path: path.read_bytes() for path in folder.path.rglob("*.json")}
    document = rejudge(RunFolder.open(folder.path))

    assert {path: path.read_bytes() for path in folder.path.rglob("*.json")} == before
    assert document == read_run(folder.path)


def test_judging_again_keeps_what_a_record_was_measured_against(tmp_path: Path) -> None:
    """Of the baseline the history knows nothing, so it cannot be computed again."""
    folder = sample_run(tmp_path)
    record = folder.records()[0]
    against: JsonObject = {"created": "2026-01-02T03:04:05+00:00", "machine": "0123456789abcdef", "foreign": ["target python 3.13.5, not 3.13.6"]}
    folder.add(replace(record, baseline=against))
    assert next(again.baseline for again in rejudge(folder).experiments if again.id == record.id) == against


def test_judging_again_follows_the_history_and_not_what_was_written_about_it(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)
    record = next(path for path in (folder.path / "experiments").iterdir() if "refused" in path.name)
    raw = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(raw | {"verdict": "violated", "reasons": ["made up"]}), encoding="utf-8")
    assert folder.collect().totals.violated == 3

    assert rejudge(folder).totals.violated == 2


def _without(raw: dict[str, Any]) -> None:
    del raw["totals"]["held"]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda raw: raw.update(schema="other/1"), r"run\.json: schema: the run has the format 'other/1'"),
        (_without, r"run\.json\.totals: field 'held' is missing"),
        (lambda raw: raw["experiments"][2].update(verdict="fine"), r"run\.json\.experiments\[2\]\.verdict: 'fine' is not 'held' or"),
        (
            lambda raw: raw["experiments"][0]["faults"][0]["evidence"][1].update(count="3"),
            r"faults\[0\]\.evidence\[1\]\.count: '3' is not a whole number",
        ),
        (lambda raw: raw["experiments"][0]["findings"][0]["expectation"].update(kind="vibes"), r"findings\[0\]\.expectation: 'vibes' is no kind"),
        (lambda raw: raw["experiments"][0]["metrics"]["during"].update(mood=1), r"metrics\.during: field 'mood' is unknown"),
    ],
)
def test_a_document_that_is_not_exactly_ours_is_refused_with_file_and_field(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    file = sample_run(tmp_path).path / "run.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    damage(raw)
    file.write_text(json.dumps(raw), encoding="utf-8")

    with pytest.raises(HistoryError, match=complaint):
        read_run(file)


def test_a_run_that_could_not_begin_is_taken_back_and_no_other(tmp_path: Path) -> None:
    unused, begun = _fresh(tmp_path), _fresh(tmp_path)
    begun.skip("a", "why not")
    unused.remove_if_unused()
    begun.remove_if_unused()
    assert list(tmp_path.iterdir()) == [begun.path]


def test_a_file_that_is_cut_short_or_missing_is_refused_by_name(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)
    record = next((folder.path / "experiments").iterdir())
    record.write_bytes(record.read_bytes()[:-20])

    with pytest.raises(HistoryError, match=rf"{record.name}: not JSON"):
        folder.collect()
    with pytest.raises(HistoryError, match=r"header\.json is missing, so this is not the folder of a run"):
        RunFolder.open(tmp_path)


def test_a_record_that_points_out_of_its_folder_is_not_followed(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)
    record = next((folder.path / "experiments").iterdir())
    raw = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(raw | {"history": "../../elsewhere.jsonl"}), encoding="utf-8")

    with pytest.raises(HistoryError, match="lies outside of the run's folder"):
        rejudge(folder)


def test_a_place_where_no_folder_can_be_made_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file", encoding="utf-8")

    with pytest.raises(HistoryError, match="nothing was run"):
        _fresh(tmp_path / "runs")


EARLIER = Path(__file__).with_name("earlier_run")
"""A run as the release before this one stored it: ``no_hang`` was called ``fails_within``, and there were no indicators."""


def test_a_run_of_an_earlier_release_is_read_and_judged_again_to_the_same_answers(tmp_path: Path) -> None:
    """But for the name that an expectation has now, and what was added, every word and number is the same."""
    shutil.copytree(EARLIER, tmp_path / "run")
    for part in ("skipped", "problems"):
        (tmp_path / "run" / part).mkdir()
    was = json.loads((EARLIER / "run.json").read_text(encoding="utf-8").replace("fails_within", "no_hang"))
    rejudge(RunFolder.open(tmp_path / "run"))
    once = (tmp_path / "run" / "run.json").read_bytes()
    rejudge(RunFolder.open(tmp_path / "run"))
    now = json.loads(once)

    assert (tmp_path / "run" / "run.json").read_bytes() == once
    assert len(now.pop("kpis")) == len(now["experiments"][0]["kpis"])
    for experiment in now["experiments"]:
        experiment.pop("kpis")
        if experiment["weakness"]:
            experiment["weakness"]["violates"] = ["no_hang"]
    assert now == was
    assert read_run(EARLIER).totals.weakness == 1


def test_rates_and_captures_follow_from_the_history_when_it_is_judged_again(tmp_path: Path) -> None:
    folder = _fresh(tmp_path)
    history = outage("a").counted(51, 1000).captures("a-1").history()
    store(history, folder.history_path("a"))
    record = ExperimentRecord.of(history, judge_all(history, []), path=folder.relative(folder.history_path("a")), title="t", expectations=[])
    written = json.loads(folder.add(record).read_text(encoding="utf-8"))
    assert written["pcaps"] == {"near": "pcaps/a-1.near.pcap", "far": "pcaps/a-1.far.pcap", "packets": 1234, "not_kept": 0}
    assert [(rate["way"], rate["marked"], rate["of"]) for rate in written["faults"][0]["counted"]] == [
        ("up", 51, 1000),
        ("down", 51, 1000),
        ("both", 102, 2000),
    ]
    assert rejudge(folder).experiments == (record,)


def test_captures_are_called_as_the_history_of_their_attempt_is(tmp_path: Path) -> None:
    folder = _fresh(tmp_path)
    assert folder.pcap_stem("a", attempt=2).parent == folder.path / "pcaps"
    assert f"{folder.pcap_stem('a', attempt=2).name}.jsonl" == folder.history_path("a", attempt=2).name
