"""The command on a real rig, once; and what is wrong with a command line, before anything starts."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos.baselines import read_baseline
from fraiseql_chaos.cli.baseline import table
from fraiseql_chaos.cli.main import main
from fraiseql_chaos.experiment.turns import turn, turns_root

WAIT_WITHIN_S = 30
"""No promise: what hangs should still end some day."""

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


def test_it_stores_and_writes_what_it_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A real collection, the shortest there is; the standard output is the file, and progress is told beside it."""
    status, out, err = run(capsys, "--repetitions=2", "--seed=5", "--json", "--output=baseline_metrics.json")
    assert status == 0
    (stored,) = (tmp_path / ".chaos" / "baselines").iterdir()
    written = read_baseline(tmp_path / "baseline_metrics.json")
    assert read_baseline(stored) == written
    assert (tmp_path / "baseline_metrics.json").read_text(encoding="utf-8") == out
    assert (written.seed, len(written.metrics)) == (5, 107)
    assert [line.partition(":")[0] for line in err.splitlines()] == ["repetition 1 of 2", "repetition 2 of 2"]


def test_it_waits_until_nothing_else_of_ours_runs(tmp_path: Path) -> None:
    """Time is measured, so it waits for an experiment as a test does that runs alone; Ctrl-C ends the wait, and nothing was measured."""
    with (
        turn(turns_root(), alone=False, waiting=lambda: None),
        subprocess.Popen(
            [sys.executable, "-m", "fraiseql_chaos.cli", "baseline", "--repetitions=2"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting until nothing else of ours runs on this machine, because time is measured\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=WAIT_WITHIN_S) == (b"", b"fraiseql-chaos: interrupted\n")
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_what_is_noisy_how_far_to_trust_it_and_what_others_did() -> None:
    made = replace(baseline(metric("a.noisy"), metric("a.quiet", repetitions=(10.0, 10.1, 9.9))), load_after={"cores_used_by_others": 0.75})
    head, noisy, quiet, *rest = table(made)
    assert head.split()[:2] == ["metric", "mean"]
    assert noisy.split()[:2] == ["a.noisy", "10"]
    assert head.split()[-2:] == ["tolerates", "finds"]
    assert noisy.split()[5:] == ["7.9%", "50", "%", "112", "%", "ms", "noisy,", "above", "5%"]
    assert quiet.split()[5:] == ["1.0%", "11", "%", "-", "ms"]
    assert rest[0].strip().startswith("2 metrics, 1 of them noisy")
    assert rest[1].startswith("a comparison tolerates 11 to 50 %; half of the metrics find what is worse by ")
    assert rest[2] == "others kept 0.75 of 2 cores busy meanwhile"
    assert rest[3] == "compared with itself: 1 false alarms among 2 (a test)"
    assert list(table(replace(made, a_a=None)))[-1] == "not compared with itself: too few repetitions for a test to find anything"
