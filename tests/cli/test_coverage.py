"""The command as it is typed: collected from the bundled suite, joined with a stored run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fraiseql_chaos.cli.status import HELD, RIG_FAILED, WRONG_USE
from fraiseql_chaos.reports import RunFolder
from sample_run import sample_run

TAKES_AT_MOST_S = 60
HALF = "tests/chaos/network/test_db_connection_chaos.py::TestConnectionDrops::test_half_a_result_is_never_taken_for_a_whole_one"


def ask(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "coverage", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TAKES_AT_MOST_S, cwd=directory)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A stored run, in which a test of the bundled suite held."""
    folder = sample_run(tmp_path / ".chaos" / "runs")
    held = next(record for record in folder.records() if record.id.endswith("test_reads_survive_a_slow_database"))
    folder.add(replace(held, id=HALF, claims=("1.1.4a",)))
    folder.collect()
    return folder


def test_the_last_run_is_joined_with_the_suite(tmp_path: Path, run: RunFolder) -> None:  # noqa: ARG001  it is stored where the command looks
    """The claim that the record names is covered; the other one has a test that was not in that run."""
    done = ask(tmp_path, "--section", "1.1.3c", "1.1.4a")
    assert (done.returncode, done.stderr) == (HELD, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "OPEN      1.1.3  Slow Connection Establishment"
    assert lines[1].endswith("(not run)")
    assert lines[3] == "covered   1.1.4  Connection Drops Mid-Query"
    assert lines[-2:] == ["2 claims and metrics: 1 open, 1 covered", "verdicts  .chaos/runs/latest, 2026-11-22T06:09:05+00:00, seed 42"]


def test_sections_may_be_given_one_by_one_and_the_answer_as_json(tmp_path: Path, run: RunFolder) -> None:
    done = ask(tmp_path, "--section=1.1.4a", "--section=3.1", "--json", f"--run={run.path / 'run.json'}")
    told = json.loads(done.stdout)
    assert told["run"] == str(run.path / "run.json")
    assert {row["id"].rpartition(".")[0] if row["kind"] == "metric" else row["id"][:-1] for row in told["rows"]} >= {"1.1.4", "3.1.1"}
    assert [row["id"] for row in told["rows"] if row["open_because"] is None] == ["1.1.4a"]


def test_without_a_run_there_are_no_verdicts_and_it_is_said(tmp_path: Path) -> None:
    done = ask(tmp_path, "--section", "1.2")
    assert done.returncode == HELD
    assert "covered   " not in done.stdout
    assert done.stdout.endswith("verdicts  .chaos/runs/latest is not there, so there are none\n")


def test_a_run_that_was_named_must_be_there(tmp_path: Path) -> None:
    done = ask(tmp_path, "--run=nowhere.json")
    assert (done.returncode, done.stdout) == (RIG_FAILED, "")
    assert "nowhere.json cannot be read" in done.stderr


def test_a_part_that_the_plan_does_not_have_is_wrong_use(tmp_path: Path) -> None:
    done = ask(tmp_path, "--section", "9.9")
    assert (done.returncode, done.stdout) == (WRONG_USE, "")
    assert "--section 9.9: the plan has no such part" in done.stderr


def test_the_document_does_not_depend_on_a_run(tmp_path: Path, run: RunFolder) -> None:  # noqa: ARG001  it is stored where the command would look
    """What is printed beside a run is what is kept in the repository."""
    done = ask(tmp_path, "--markdown")
    assert done.stdout == (Path(__file__).parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    part = ask(tmp_path, "--markdown", "--section", "1.3")
    assert "Listed are the sections 1.3; of their 20, " in part.stdout
