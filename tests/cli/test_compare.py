"""``fraiseql-chaos compare``: its exit status, what it writes, what it refuses, and a real regression found in two real runs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from compared_made import LATE, run_of, scene, service
from fraiseql_chaos.baselines import Baseline, write_baseline
from fraiseql_chaos.cli.main import main

SABOTAGE = Path(__file__).parents[1] / "sabotage"
RUN_WITHIN_S = 600
"""No promise: a busy machine takes ten times as long as a quiet one, and what hangs should still end some day."""


def compare(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *map(str, words)])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


def stored(path: Path, baseline: Baseline) -> Path:
    """Write a baseline."""
    write_baseline(path, baseline)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A baseline."""
    return stored(tmp_path / "old.json", service())


@pytest.fixture
def slower(tmp_path: Path) -> Path:
    """A baseline of a service whose reads by id take half as long again."""
    return stored(tmp_path / "slower.json", service(seed=2, by_id_ms=3.0))


def test_a_regression_is_status_1_and_names_what_got_worse(old: Path, slower: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = compare(capsys, old, slower)
    assert (status, err) == (1, "")
    assert out.count("WORSE") == 2
    assert "2 of 8 metrics got worse" in out
    assert "tolerance 5 %" in out


def test_nothing_worse_is_status_0(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = stored(tmp_path / "same.json", service(seed=2))
    assert compare(capsys, old, same)[0] == 0
    assert compare(capsys, old, old)[0] == 0


def test_what_got_better_is_no_regression(old: Path, slower: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(capsys, slower, old)[0] == 0


@pytest.mark.parametrize(("tolerance", "status"), [("5", 1), ("20%", 1), ("80", 0)])
def test_the_tolerance_decides_what_counts(old: Path, slower: Path, capsys: pytest.CaptureFixture[str], tolerance: str, status: int) -> None:
    code, out, _ = compare(capsys, old, slower, f"--tolerance={tolerance}")
    assert code == status
    assert f"tolerance {tolerance.removesuffix('%')} %" in out


def test_all_forms_are_written_where_they_are_wanted(old: Path, slower: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "new" / "folder"
    options = [f"--html={new}/c.html", f"--json={new}/c.json", f"--csv={new}/c.csv", f"--markdown={new}/c.md"]
    _, out, _ = compare(capsys, old, slower, *options)
    assert json.loads((new / "c.json").read_text(encoding="utf-8"))["regressed"] is True
    with (new / "c.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 8
    assert (new / "c.md").read_text(encoding="utf-8").startswith("### Chaos comparison: 2 metrics worse")
    assert (new / "c.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert all(str(new / f"c.{end}") in out for end in ("html", "json", "csv", "md"))


def test_runs_are_compared_by_their_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held, violated = run_of(tmp_path, scene())[0], run_of(tmp_path, scene(back_ms=LATE), seed=2)[0]
    status, out, _ = compare(capsys, held.path.name, violated.path.name, f"--store={tmp_path}")
    assert status == 1
    assert "held -> violated" in out
    assert compare(capsys, violated.path.name, held.path.name, f"--store={tmp_path}")[0] == 0


def test_a_foreign_machine_is_refused_and_allowed_by_name(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = stored(tmp_path / "foreign.json", replace(service(seed=2), machine={"id": "feedfacefeedface"}))
    status, _, err = compare(capsys, old, foreign)
    assert status == 2
    assert "--foreign-baseline" in err
    assert err.rstrip().endswith("nothing was compared")
    status, out, _ = compare(capsys, old, foreign, "--foreign-baseline")
    assert status == 0
    assert out.startswith("They are of different machines.")


def test_a_baseline_and_a_run_are_not_compared(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path, scene())[0]
    status, _, err = compare(capsys, old, run.path)
    assert status == 2
    assert f"{old} is a baseline and {run.path} is a run" in err


@pytest.mark.parametrize("wrong", ["--tolerance=0", "--tolerance=much", "--tolerance=-3", "--tolerance=nan", "--tolerance=1e9"])
def test_a_tolerance_without_meaning_is_wrong_use(old: Path, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    status, _, err = compare(capsys, old, old, wrong)
    assert status == 2
    assert err == f"fraiseql-chaos: {wrong}: a number of per cent above 0 and below 1000; nothing was compared\n"


def test_what_cannot_be_read_is_status_2_and_never_1(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comparison that could not be made must not look like one that found something."""
    cut = tmp_path / "cut.json"
    cut.write_text(old.read_text(encoding="utf-8")[:500], encoding="utf-8")
    for words in ((old, cut), (cut, old), (old, tmp_path / "nowhere.json"), (old,), ()):
        status, out, err = compare(capsys, *words)
        assert (status, out) == (2, ""), words
        assert err


def test_a_place_that_cannot_be_made_is_status_2(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("a file")
    status, _, err = compare(capsys, old, old, f"--html={tmp_path}/taken/c.html")
    assert status == 2
    assert f"--html={tmp_path}/taken/c.html" in err
    (tmp_path / "folder").mkdir()
    for option in ("--html", "--json"):
        assert compare(capsys, old, old, f"{option}={tmp_path}/folder")[0] == 2


def real_run(cwd: Path, *words: str) -> str:
    """Run a short experiment five times on a real rig, and return the run's id."""
    window = ["--from=700ms", "--for=300ms", "--lasting=1500ms", "--recovers-within=450ms", "--rate=60"]
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", "--fault=network_latency,latency_ms=20", "--repeat=5", *window, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S, cwd=cwd)
    runs = sorted((cwd / ".chaos" / "runs").glob("2*"))
    assert runs, done.stderr
    assert "repeated      latency  5 repetitions: " in done.stdout
    return runs[-1].name


def test_two_real_runs_of_which_one_is_sabotaged(tmp_path: Path) -> None:
    """
    A service that answers 20 ms late is found, on a real rig, by the samples that its repetitions are.

    Method: the stock service, and the same with a delay; what is compared are medians of health, which no fault touched. The page of the comparison links to both.
    """
    places = {"genuine": tmp_path / "a", "slow": tmp_path / "b"}
    for place in places.values():
        place.mkdir()
    genuine = real_run(places["genuine"], "--seed=1")
    (places["slow"] / "slow.py").write_bytes((SABOTAGE / "slow.py").read_bytes())
    slow = real_run(places["slow"], "--seed=2", "--app=slow:app", "--workload=reference")
    words = [places["genuine"] / ".chaos/runs" / genuine, places["slow"] / ".chaos/runs" / slow, "--json=c.json", "--html=c.html"]
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "compare", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    told = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in told["rows"]}
    assert rows["latency latency_p50_before"]["outcome"] == "worse"
    assert rows["latency latency_p50_before"]["low"] > 50
    assert rows["latency availability_before"]["outcome"] in {"equal", "unsure"}
    assert any(each.startswith("target ") for each in told["differs"])
    assert f"{slow}/report.html" in (tmp_path / "c.html").read_text(encoding="utf-8")
