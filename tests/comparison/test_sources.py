"""What the words of a command line name, and what is said of words that name nothing, or rubbish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compared_made import run_of, scene, service
from fraiseql_chaos.baselines import Baseline, write_baseline
from fraiseql_chaos.comparison.sources import Run, open_source
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports import RunFolder
from fraiseql_chaos.reports.publishing import publish


def test_a_baseline_is_known_by_its_schema(tmp_path: Path) -> None:
    write_baseline(tmp_path / "any.name", service())
    assert open_source(str(tmp_path / "any.name"), store=tmp_path) == service()
    assert isinstance(open_source(str(tmp_path / "any.name"), store=tmp_path), Baseline)


def test_a_run_is_known_by_folder_file_id_and_latest(tmp_path: Path) -> None:
    folder, document = run_of(tmp_path, scene())
    page = publish(folder, document)
    named = [str(folder.path), str(folder.path / "run.json"), folder.path.name, "latest"]
    found = [open_source(word, store=tmp_path) for word in named]
    assert [each.document for each in found if isinstance(each, Run)] == [document] * 4
    assert {each.page.resolve() for each in found if isinstance(each, Run) and each.page} == {page.resolve()}


def test_an_unknown_run_is_refused_with_those_there_are(tmp_path: Path) -> None:
    folder, _ = run_of(tmp_path, scene())
    with pytest.raises(DeclarationError) as refused:
        open_source("20200101T000000Z-1", store=tmp_path)
    assert str(refused.value) == (
        f"20200101T000000Z-1 is neither a file, nor a run's folder, nor the id of a run in {tmp_path} (which has {folder.path.name}); nothing was compared"
    )


def test_a_name_that_climbs_out_of_the_store_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "store").mkdir()
    with pytest.raises(DeclarationError, match="neither a file"):
        open_source("../secret", store=tmp_path / "store")


GARBAGE = {
    "empty": (b"", "not JSON"),
    "no JSON": (b"hello", "line 1, column 1"),
    "no text": (b"\xff\xfe\x00", "not UTF-8 at byte 0"),
    "a list": (b"[]", "is not an object"),
    "a number as schema": (b'{"schema": 3}', "is not a text"),
    "no schema": (b"{}", "it has no schema"),
    "another schema": (b'{"schema": "else/1"}', "its schema is 'else/1'"),
    "a later baseline": (b'{"schema": "fraiseql-chaos/baseline/9"}', "'fraiseql-chaos/baseline/9' is not 'fraiseql-chaos/baseline/2'"),
    "a later run": (b'{"schema": "fraiseql-chaos/run/9"}', "this release reads 'fraiseql-chaos/run/1'"),
    "a run with nothing in it": (b'{"schema": "fraiseql-chaos/run/1"}', "is missing"),
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused_by_name_and_says_that_nothing_was_compared(tmp_path: Path, garbage: str) -> None:
    content, said = GARBAGE[garbage]
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(DeclarationError) as refused:
        open_source(str(tmp_path / "f.json"), store=tmp_path)
    assert str(tmp_path / "f.json") in str(refused.value)
    assert said in str(refused.value)
    assert "nothing was compared" in str(refused.value)


def test_a_truncated_file_is_named_with_its_line(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", service())
    text = (tmp_path / "b.json").read_text(encoding="utf-8")
    (tmp_path / "b.json").write_text(text[: len(text) // 2], encoding="utf-8")
    line = text[: len(text) // 2].count("\n") + 1
    with pytest.raises(DeclarationError, match=rf"b\.json, line {line}, .*cut short.*; nothing was compared"):
        open_source(str(tmp_path / "b.json"), store=tmp_path)


def test_a_baseline_edited_by_hand_is_named_with_line_and_field(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", service())
    raw = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    raw["metrics"][1]["mean"] += 1
    (tmp_path / "b.json").write_text(json.dumps(raw, indent=1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"b\.json, line \d+, metrics\[1\]\.mean: .*edited by hand.*; nothing was compared"):
        open_source(str(tmp_path / "b.json"), store=tmp_path)


def test_a_run_that_was_never_finished_says_how_to_finish_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, seed=1, replay="pytest")
    with pytest.raises(DeclarationError, match=r"never finished, it has no run\.json; `fraiseql-chaos report .*nothing was compared"):
        open_source(str(folder.path), store=tmp_path)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"is no run's folder, it has no run\.json; nothing was compared"):
        open_source(str(tmp_path), store=tmp_path)
