"""The command on a real rig, once; and what is wrong with a command line, before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraiseql_chaos.baselines import read_baseline
from fraiseql_chaos.cli import baseline
from fraiseql_chaos.cli.main import main
from fraiseql_chaos.experiment.baseline import BaselinePlan

WRONG = {
    "--repetitions=1": "a baseline takes 2 to 100 repetitions, because one has no variation, not 1",
    "--repetitions=many": "--repetitions=many: a whole number of at least 2",
    "--repetitions=1000": "a baseline takes 2 to 100 repetitions",
    "--service=broken": "--service=broken: one of stock, hardened",
    "--seed=tomorrow": "--seed=tomorrow: a whole number from 0 to",
    "--postgres=9": "--postgres=9: one of 14, 15, 16, 17, 18",
    "--app=mine:app": "--app and --workload belong together",
    "--output=/dev/null/x.json": "--output=/dev/null/x.json: its folder cannot be made",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["baseline", *words])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_word_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str) -> None:
    status, out, err = run(capsys, words)
    assert status == 2
    assert WRONG[words] in err
    assert err.strip().endswith(("nothing was measured", "nothing was run"))
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def _short(repetitions: int) -> BaselinePlan:
    return BaselinePlan(repetitions=repetitions, requests={1: 3}, samples=0, passes=1)


def test_it_stores_writes_prints_a_table_and_names_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real collection with next to no samples; the file is the stored one, and what is printed is in it."""
    monkeypatch.setattr(baseline, "BaselinePlan", _short)
    status, out, err = run(capsys, "--repetitions=2", "--seed=5", "--output=baseline_metrics.json")
    assert (status, err) == (0, "")
    (stored,) = (tmp_path / ".chaos" / "baselines").iterdir()
    written = read_baseline(tmp_path / "baseline_metrics.json")
    assert read_baseline(stored) == written
    assert written.seed == 5
    lines = out.splitlines()
    assert lines[0].startswith("repetition 1 of 2: ")
    assert {line.split()[0] for line in lines if line.startswith(("query.", "resources."))} == {metric.name for metric in written.metrics}
    assert lines[-1] == "baseline  baseline_metrics.json"


def test_json_is_all_that_is_on_the_standard_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "BaselinePlan", _short)
    status, out, err = run(capsys, "--repetitions=2", "--json")
    assert status == 0
    assert json.loads(out)["schema"] == "fraiseql-chaos/baseline/1"
    assert err.startswith("repetition 1 of 2: ")
